#[test]
fn perf() {
    use std::fmt::Write;
    for (hosts, bodies) in [(1usize, 100_000usize), (100, 1000)] {
        let mut text = String::from("infra: 1\nname: web\nvars: { dir: /opt, owner: root, list: [a, b] }\nhosts:\n");
        for h in 0..hosts {
            let _ = writeln!(text, "  app{h}: {{}}");
        }
        text.push_str("files:\n");
        for b in 0..bodies {
            let _ = writeln!(
                text,
                "  \"{{{{ vars.dir }}}}/file{b}\": {{ content: \"x {{{{ vars.owner }}}} {{{{ host.name }}}}\", owner: \"{{{{ vars.owner }}}}\", mode: \"0644\", depends_on: [\"directory:/etc/**\"] }}"
            );
        }
        text.push_str("directories: { /etc/x: {} }\n");
        let files = infra::spec::MemoryFiles::new().file("spec/infra.yaml", text);
        let options = infra::spec::LoadOptions { spec: "spec".into(), ..Default::default() };
        let mut sources = infra::diagnostic::Sources::default();
        let start = std::time::Instant::now();
        let spec = infra::spec::load(&files, &options, &mut sources).unwrap();
        println!("load {:?}", start.elapsed());
        for _ in 0..2 {
            let start = std::time::Instant::now();
            let resolution = spec.resolve(&files, &Default::default(), &mut sources);
            println!("resolve {:?} {}", start.elapsed(), resolution.resources.len());
            assert!(resolution.diagnostics.is_empty(), "{:?}", &resolution.diagnostics[..1]);
        }
    }
}
