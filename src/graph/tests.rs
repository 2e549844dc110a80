//! Graphs of a few resources, and of very many.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, FileId, Sources, Span, render_all};
use crate::model::Until;
use crate::resource::{Claims, Space, Trigger, TriggerSource};

use super::*;

fn place(at: usize) -> Span {
    let at = u32::try_from(at).unwrap();
    Span { file: FileId(0), start: at, end: at + 1 }
}

fn input(address: &str) -> Input {
    Input {
        address: address.parse().unwrap(),
        span: place(0),
        claims: Claims::new(),
        triggers: Vec::new(),
        depends_on: Vec::new(),
        waits_for: Vec::new(),
        absent: false,
        left_alone: false,
    }
}

fn file(path: &str) -> Input {
    Input { claims: Claims::new().provides(Space::PATH, path), ..input(&format!("app1/file:{path}")) }
}

fn package(name: &str) -> Input {
    let claims = Claims::new().provides(Space::PACKAGE, name).phase(Phase::Package);
    Input { claims, ..input(&format!("app1/package:{name}")) }
}

impl Input {
    fn depends_on(mut self, selector: &str) -> Self {
        self.depends_on.push((selector.into(), place(7)));
        self
    }

    fn restart_on(mut self, selector: &str) -> Self {
        let source = TriggerSource::Selector(selector.into());
        self.triggers.push(Trigger { source, action: OwedAction::Restart });
        self
    }

    fn requires(mut self, space: Space, name: &str) -> Self {
        self.claims = self.claims.requires(space, name);
        self
    }

    fn absent(self) -> Self {
        Self { absent: true, ..self }
    }
}

/// Builds a graph that has no mistakes.
fn graph(inputs: &[Input]) -> Graph {
    let (graph, diagnostics) = build(inputs);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    graph
}

fn edges(graph: &Graph) -> Vec<(Node, Node)> {
    let mut edges: Vec<_> = (0..graph.hosts.len())
        .flat_map(|node| graph.dependencies(node).map(move |(before, _)| (before, node)))
        .collect();
    edges.sort_unstable();
    edges
}

fn messages(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect()
}

#[test]
fn what_is_required_comes_before_what_requires_it() {
    let user = Input { claims: Claims::new().provides(Space::USER, "app"), ..input("app1/user:app") };
    let graph = graph(&[file("/etc/app").requires(Space::USER, "app"), user]);
    assert_eq!(edges(&graph), [(1, 0)]);
    assert_eq!(graph.dependencies(0).next().unwrap().1, &Reason::Provides(Claim::new(Space::USER, "app")));
    assert_eq!(graph.order(), [1, 0]);
}

#[test]
fn the_nearest_folder_comes_before_what_lies_in_it() {
    let graph = graph(&[file("/opt/app/a/b/c"), file("/opt"), file("/opt/app"), file("/optional")]);
    assert_eq!(edges(&graph), [(1, 2), (2, 0)]);
    assert_eq!(graph.dependencies(0).next().unwrap().1, &Reason::Contains("/opt/app".into()));
}

#[test]
fn a_folder_that_is_declared_comes_before_one_that_a_user_brings() {
    let user = Input { claims: Claims::new().shares(Space::PATH, "/home/app"), ..input("app1/user:app") };
    let graph = graph(&[user, file("/home/app"), file("/home/app/.profile")]);
    assert_eq!(edges(&graph), [(1, 2)]);
}

#[test]
fn a_path_that_nothing_provides_needs_its_nearest_folder() {
    let command = input("app1/command:build").requires(Space::PATH, "/opt/app/src/main.c");
    let graph = graph(&[command, file("/opt/app")]);
    assert_eq!(edges(&graph), [(1, 0)]);
}

#[test]
fn what_goes_goes_after_what_needed_it() {
    let graph = graph(&[
        file("/opt/app/f").absent(),
        file("/opt/app").absent(),
        file("/srv/f"),
        file("/srv").absent(),
        input("app1/command:x").depends_on("file:/srv"),
        file("/a").absent(),
        file("/b").absent().depends_on("file:/a"),
    ]);
    // What the spec asks for is never turned round: the command comes once the folder is gone.
    assert_eq!(edges(&graph), [(0, 1), (2, 3), (3, 4), (6, 5)]);
}

#[test]
fn what_restarts_others_comes_first_even_where_it_goes() {
    let graph = graph(&[
        input("app1/service:app").restart_on("file:/etc/app/**"),
        file("/etc/app/gone").absent(),
        file("/etc/app/kept"),
    ]);
    assert_eq!(edges(&graph), [(1, 0), (2, 0)]);
    assert_eq!(graph.triggers(0), [(1, OwedAction::Restart), (2, OwedAction::Restart)]);
    assert_eq!(graph.triggered_by(1), [(0, OwedAction::Restart)]);
    let graph = self::graph(&[input("app1/service:app").restart_on("file:/etc/app").absent(), file("/etc/app")]);
    assert!(edges(&graph).is_empty() && graph.triggers(0).is_empty(), "what goes is not restarted");
}

#[test]
fn values_and_selectors_reach_other_hosts() {
    let mut uses = input("app1/file:/etc/app");
    uses.waits_for = vec![Until::applied("db1/secret:password".parse().unwrap())];
    let uses = uses.depends_on("*/service:db*");
    let graph = graph(&[uses, input("db1/secret:password"), input("db1/service:db"), input("db2/service:db")]);
    assert_eq!(edges(&graph), [(1, 0), (2, 0), (3, 0)]);
    assert_eq!(graph.host(3), "db2");
}

#[test]
fn claims_do_not_reach_other_hosts() {
    let user = Input { claims: Claims::new().provides(Space::USER, "app"), ..input("app2/user:app") };
    let graph = graph(&[file("/x").requires(Space::USER, "app"), user]);
    assert!(edges(&graph).is_empty());
    assert!(graph.relies_on_packages(0), "any package of its own host may bring the user");
}

#[test]
fn what_is_left_alone_provides_nothing() {
    let folder = Input { left_alone: true, ..file("/opt") };
    let graph = graph(&[file("/opt/f"), folder, Input { left_alone: true, ..file("/opt/f") }]);
    assert!(edges(&graph).iter().all(|(before, _)| *before != 1));
}

#[test]
fn two_may_not_claim_one_thing() {
    let link = Input { claims: Claims::new().provides(Space::PATH, "/x"), ..input("app1/symlink:/x") };
    let (_, diagnostics) = build(&[file("/x"), link, package("p"), package("p")]);
    assert_eq!(messages(&diagnostics), ["`app1/file:/x` and `app1/symlink:/x` both claim the path /x"]);
    let service = |name: &str| {
        let claims = Claims::new().settles(Space::SERVICE, "x.service", &[]);
        Input { claims, ..input(&format!("app1/service:{name}")) }
    };
    let (_, diagnostics) = build(&[service("x"), service("x.service").absent()]);
    let expected = "`app1/service:x` and `app1/service:x.service` both claim the service x.service";
    assert_eq!(messages(&diagnostics), [expected]);
    assert_eq!(diagnostics[0].related.len(), 1);
}

#[test]
fn phases_order_what_no_edge_orders() {
    let check = Input { claims: Claims::new().phase(Phase::Check), ..input("app1/check:up") };
    let graph = graph(&[check, file("/x"), package("gone").absent(), package("p")]);
    assert_eq!(graph.order(), [3, 1, 2, 0]);
}

#[test]
fn phases_give_way_to_edges() {
    // The package needs a file, which needs a folder: both go before the other packages' phase is over.
    let graph = graph(&[
        package("p").depends_on("file:/etc/p/conf"),
        file("/etc/p/conf"),
        file("/etc/p"),
        file("/other"),
        package("q"),
    ]);
    assert_eq!([0, 1, 2, 3, 4].map(|node| graph.phase(node) == Phase::Package), [true, true, true, false, true]);
    assert_eq!(graph.order(), [2, 1, 0, 4, 3]);
}

#[test]
fn a_cycle_is_printed_whole_with_the_place_of_each_edge() {
    let text: &str = "files: a\ndirs: b\nservices: c\n";
    let mut sources = Sources::default();
    let file_id = sources.add("infra.yaml", text);
    let at = |word: &str| {
        let start = u32::try_from(text.find(word).unwrap()).unwrap();
        Span { file: file_id, start, end: start + u32::try_from(word.len()).unwrap() }
    };
    let mut a = file("/a/f");
    a.span = at("files");
    let mut b = file("/a");
    b.span = at("dirs");
    b.depends_on.push(("service:c".into(), at("b\n")));
    let mut c = input("app1/service:c").restart_on("file:/a/f");
    c.span = at("services");
    let (graph, diagnostics) = build(&[a, b, c]);
    assert!(graph.order().is_empty());
    insta::assert_snapshot!(render_all(&diagnostics, &sources, false));
}

#[test]
fn a_resource_that_waits_for_itself_is_a_cycle() {
    let (_, diagnostics) = build(&[file("/x").depends_on("file:/x")]);
    assert_eq!(messages(&diagnostics), ["dependency cycle: app1/file:/x -> app1/file:/x"]);
    let glob = input("app1/service:s").restart_on("service:*");
    assert!(edges(&graph(&[glob])).is_empty(), "a glob that covers itself is none");
}

#[test]
fn all_cycles_are_found_at_once() {
    let (_, diagnostics) = build(&[
        file("/a").depends_on("file:/b"),
        file("/b").depends_on("file:/a"),
        file("/c").depends_on("file:/d"),
        file("/d").depends_on("file:/c"),
    ]);
    assert_eq!(diagnostics.len(), 2);
}

#[test]
fn equal_inputs_give_equal_orders() {
    let inputs: Vec<Input> = (0..200)
        .map(|at| {
            let input = file(&format!("/d{}/f{at}", at % 7));
            if at % 3 == 0 && at > 10 {
                input.depends_on(&format!("file:/d{}/f{}", (at - 5) % 7, at - 5))
            } else {
                input
            }
        })
        .collect();
    let first = graph(&inputs);
    for _ in 0..5 {
        let again = graph(&inputs);
        assert_eq!(first.order(), again.order());
        assert_eq!(edges(&first), edges(&again));
    }
}

#[test]
fn very_many_resources_make_as_many_edges() {
    let folder = std::iter::once(file("/d"));
    let inputs: Vec<Input> =
        folder.chain((0..100_000).map(|at| file(&format!("/d/f{at}")).requires(Space::PATH, "/d"))).collect();
    let graph = graph(&inputs);
    assert_eq!(graph.order().len(), 100_001);
    assert_eq!(graph.dependants(0).count(), 100_000);
    // A chain as long, which also asks that nothing recurses.
    let chain: Vec<Input> = (0..100_000)
        .map(|at| {
            let name = format!("app1/command:c{at}");
            let next = format!("command:c{}", at + 1);
            if at < 99_999 { input(&name).depends_on(&next) } else { input(&name) }
        })
        .collect();
    let order: Vec<Node> = self::graph(&chain).order().to_vec();
    assert_eq!(order, (0..100_000).rev().collect::<Vec<_>>());
}

#[test]
fn a_very_long_cycle_is_found() {
    let ring: Vec<Input> = (0..20_000)
        .map(|at| input(&format!("app1/command:c{at}")).depends_on(&format!("command:c{}", (at + 1) % 20_000)))
        .collect();
    let (_, diagnostics) = build(&ring);
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].related.len(), 20_000);
}

#[test]
fn host_names_are_kept_apart() {
    let other: Arc<str> = "app2".into();
    let mut elsewhere = file("/opt/f");
    elsewhere.address.host = other;
    let graph = graph(&[file("/opt"), elsewhere]);
    assert!(edges(&graph).is_empty());
}

#[test]
fn a_habit_gives_way_where_the_other_order_is_asked_for() {
    let account = Space("accounts of database");
    let provider = |address: &str| Input { claims: Claims::new().provides(account, "x"), ..input(address) };
    let follower = |address: &str| Input { claims: Claims::new().follows(account, "x"), ..input(address) };
    let usual =
        graph(&[follower("app1/migration:x"), provider("app1/database_user:a"), provider("app1/database_user:b")]);
    assert_eq!(edges(&usual), [(1, 0), (2, 0)]);
    assert_eq!(usual.dependencies(0).next().unwrap().1, &Reason::Follows(Claim::new(account, "x")));
    assert!(!usual.relies_on_packages(0), "nothing has to provide it");

    let other = graph(&[
        follower("app1/migration:x"),
        provider("app1/database_user:a").depends_on("command:c"),
        provider("app1/database_user:b"),
        input("app1/command:c").depends_on("migration:x"),
    ]);
    assert_eq!(edges(&other), [(0, 3), (2, 0), (3, 1)]);

    // Two habits against each other: the first in the spec counts.
    let both = |address: &str, name: &str, other: &str| Input {
        claims: Claims::new().provides(account, name).follows(account, other),
        ..input(address)
    };
    assert_eq!(edges(&graph(&[both("app1/a:a", "a", "b"), both("app1/b:b", "b", "a")])), [(1, 0)]);
    // What goes, goes after what came after it.
    assert_eq!(edges(&graph(&[follower("app1/migration:x"), provider("app1/database_user:a").absent()])), [(0, 1)]);
}

#[test]
fn what_lies_below_a_folder_comes_first_by_habit() {
    let tool = Input { claims: Claims::new().follows(Space::BELOW, "/opt/app"), ..input("app1/migration:x") };
    let graph = graph(&[tool, file("/opt/app/a/b"), file("/opt/application"), file("/opt/app"), file("/opt/app/z")]);
    assert_eq!(edges(&graph), [(1, 0), (3, 1), (3, 4), (4, 0)]);

    // What reads a folder reads what is left in it; what goes itself goes before what it read.
    let reader = || Input { claims: Claims::new().follows(Space::BELOW, "/opt/app"), ..input("app1/docker_image:x") };
    assert_eq!(edges(&self::graph(&[reader(), file("/opt/app/a").absent()])), [(1, 0)]);
    assert_eq!(edges(&self::graph(&[reader().absent(), file("/opt/app/a").absent()])), [(0, 1)]);
}

#[test]
fn of_two_others_a_resource_says_which_comes_first() {
    let service = |name: &str| {
        let claims = Claims::new().provides(Space::SERVICE, name);
        Input { claims, ..input(&format!("app1/service:{name}")) }
    };
    let after = |before: &str, then: &str| {
        let claim = |name: &str| Claim::new(Space::SERVICE, name);
        Input { claims: Claims::new().orders(claim(before), claim(then)), ..input("app1/unit:x") }
    };
    assert_eq!(edges(&graph(&[service("a"), service("b"), after("b", "a")])), [(1, 0)]);
    assert_eq!(edges(&graph(&[service("a"), service("b").absent(), after("b", "a")])), [(0, 1)]);
    let mount = Claims::new()
        .provides(Space::SERVICE, "m")
        .orders(Claim::new(Space::SERVICE, "m"), Claim::new(Space::BELOW, "/m"));
    let mount = Input { claims: mount, ..input("app1/service:m") };
    assert_eq!(edges(&graph(&[file("/m/a"), mount, file("/m")])), [(1, 0), (2, 0)]);
    // It gives way, and what is not there has no order.
    assert_eq!(edges(&graph(&[service("a"), service("b").depends_on("service:a"), after("b", "a")])), [(0, 1)]);
    assert_eq!(edges(&graph(&[service("a"), after("b", "a")])), []);
}

#[test]
fn who_shares_a_thing_waits_for_its_maker_but_for_none_that_comes_after() {
    let kept = || Input {
        claims: Claims::new()
            .requires(Space::PATH, "/etc/env")
            .shares(Space::PATH, "/etc/env")
            .shares(Space::KEPT, "/etc/env"),
        ..input("app1/secret:x")
    };
    assert_eq!(edges(&graph(&[kept(), file("/etc/env"), file("/etc")])), [(1, 0), (2, 1)]);
    let owned = Input { claims: file("/etc/env").claims.follows(Space::KEPT, "/etc/env"), ..file("/etc/env") };
    assert_eq!(edges(&graph(&[kept(), owned, file("/etc")])), [(0, 1), (2, 0), (2, 1)]);
}

#[test]
fn what_surely_is_not_there_cannot_be_required() {
    let unit = |name: &str| Input { claims: Claims::new().excludes(Space::INSTALL, "a"), ..input(name) };
    let enabled = || input("app1/service:a").requires(Space::INSTALL, "a");
    let (_, diagnostics) = build(&[enabled(), unit("app1/unit:a")]);
    assert_eq!(
        messages(&diagnostics),
        ["`app1/service:a` needs the [Install] section of a, and `app1/unit:a` has none"]
    );
    let drop_in = Input { claims: Claims::new().shares(Space::INSTALL, "a"), ..input("app1/unit:a.d") };
    for inputs in [
        vec![enabled(), unit("app1/unit:a"), drop_in],
        vec![enabled(), unit("app2/unit:a")],
        vec![enabled().absent(), unit("app1/unit:a")],
        vec![enabled(), unit("app1/unit:a").absent()],
    ] {
        let (_, diagnostics) = build(&inputs);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
    }
}

#[test]
fn what_reads_a_folder_reads_what_lies_in_it() {
    let image = Input { claims: Claims::new().reads_below("/ctx"), ..input("app1/docker_image:x") };
    let graph = graph(&[image, file("/ctx"), file("/ctx/a/b"), file("/ctxt/c")]);
    assert_eq!(edges(&graph), [(1, 0), (1, 2), (2, 0)]);
    let mut reads = graph.reads(0).to_vec();
    reads.sort_unstable();
    assert_eq!(reads, [1, 2]);
}
