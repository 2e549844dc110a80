//! SSH with a real sshd: what goes well, and every way it goes wrong.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::Duration;

use super::end::start;
use super::sshd::{Sshd, options, target};
use super::steps::step;
use super::support::{gone, section};
use crate::host::{Host, HostError, Options, Problem, StepFrame, StepStatus, Target, Transport};
use crate::row;

async fn refused(target: Target) -> HostError {
    no_answer(target, options()).await
}

/// Connects and asks; returns why there is no answer.
async fn no_answer(target: Target, options: Options) -> HostError {
    match Host::connect(target, options).await {
        Ok(host) => host.observe(vec![]).await.expect_err("it answers"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_host_is_observed_with_one_request() {
    let sshd = Sshd::start("");
    let host = Host::connect(sshd.target(), options()).await.unwrap();
    let output = section(&host, "split_row \"$ROWS\"; emit 0 \"$f1\"", vec![row!["it's here"]]).await;
    assert_eq!(output.records[0].field(0), "it's here");
    assert_eq!(host.stats().frames, 1);
    host.close().await;
}

#[tokio::test]
async fn an_unknown_host_key_is_shown_with_the_command_that_accepts_it() {
    let sshd = Sshd::start("");
    fs::write(sshd.at("known_hosts"), "").unwrap();
    let error = refused(sshd.target()).await;
    let Problem::HostKeyUnknown { fingerprints, accept } = &error.problem else { panic!("{error:?}") };
    let listed = Command::new("ssh-keygen").arg("-lf").arg(sshd.at("host_key.pub")).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let fingerprint = listed.split(' ').nth(1).unwrap();
    assert!(fingerprints.len() == 1 && fingerprints[0].contains(fingerprint), "{fingerprints:?}");
    assert!(error.to_string().contains(fingerprint));
    // The command works as it is printed.
    assert!(error.help().unwrap().contains(accept.as_ref().unwrap()));
    let status = Command::new("sh").arg("-c").arg(accept.as_ref().unwrap()).status().unwrap();
    assert!(status.success());
    Host::connect(sshd.target(), options()).await.unwrap().close().await;
}

#[tokio::test]
async fn a_changed_host_key_is_an_error_with_the_way_out() {
    let sshd = Sshd::start("");
    let key = fs::read_to_string(sshd.at("other_id.pub")).unwrap();
    fs::write(sshd.at("known_hosts"), format!("[127.0.0.1]:{} {key}", sshd.port)).unwrap();
    let error = refused(sshd.target()).await;
    let Problem::HostKeyChanged { fingerprints, forget } = &error.problem else { panic!("{error:?}") };
    assert_eq!(fingerprints.len(), 1);
    let status = Command::new("sh").arg("-c").arg(forget.as_ref().unwrap()).output().unwrap();
    assert!(status.status.success(), "{status:?}");
    let error = refused(sshd.target()).await;
    assert!(matches!(error.problem, Problem::HostKeyUnknown { .. }), "{error:?}");
}

#[tokio::test]
async fn a_refused_login_says_so() {
    let sshd = Sshd::start("");
    let mut ssh = sshd.ssh();
    ssh.identity_file = Some(sshd.at("other_id"));
    let error = refused(target(ssh)).await;
    assert!(matches!(&error.problem, Problem::LoginRefused { said } if said.contains("publickey")), "{error:?}");
}

#[tokio::test]
async fn names_and_ports_that_lead_nowhere_are_told_apart() {
    let sshd = Sshd::start("");
    let mut unknown = sshd.target();
    unknown.address = "no-such-host.invalid".into();
    let error = refused(unknown).await;
    assert!(
        matches!(&error.problem, Problem::NameNotResolved { address } if address == "no-such-host.invalid"),
        "{error:?}"
    );

    let mut ssh = sshd.ssh();
    ssh.port = Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port());
    let error = refused(target(ssh)).await;
    assert!(matches!(error.problem, Problem::Refused { .. }), "{error:?}");

    // It accepts connections and says nothing.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut ssh = sshd.ssh();
    ssh.port = Some(silent.local_addr().unwrap().port());
    let short = Options { connect_timeout: Duration::from_secs(1), ..options() };
    let Err(error) = Host::connect(target(ssh), short).await else { panic!("it connects") };
    assert!(matches!(error.problem, Problem::ConnectTimedOut(_)), "{error:?}");

    for address in ["-oProxyCommand=touch /tmp/x", "", "a b"] {
        let mut bad = sshd.target();
        bad.address = address.into();
        assert!(matches!(refused(bad).await.problem, Problem::BadAddress(_)));
    }
}

#[tokio::test]
async fn a_server_with_too_many_starts_is_asked_again() {
    let sshd = Sshd::start("MaxStartups 2:100:2");
    let drops = || fs::read_to_string(sshd.at("log")).unwrap().matches("drop connection").count();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    // Nobody logs in on these two connections, so one more is turned away.
    let mut waiting: Vec<std::net::TcpStream> = Vec::new();
    while waiting.len() < 2 {
        let stream = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, sshd.port)).unwrap();
        let mut banner = [0; 4];
        if std::io::Read::read_exact(&mut &stream, &mut banner).is_ok() && &banner == b"SSH-" {
            waiting.push(stream);
        }
        assert!(tokio::time::Instant::now() < deadline);
    }
    let before = drops();
    let connecting = tokio::spawn(Host::connect(sshd.target(), options()));
    while drops() == before {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(waiting);
    connecting.await.unwrap().unwrap().close().await;
}

#[tokio::test]
async fn a_jump_host_leads_there() {
    let near = Sshd::start("");
    let far = Sshd::start("");
    // The options of the target do not apply to the hosts in between (ssh(1), -J); their configuration does.
    let config = format!(
        "Host near\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {}\n  UserKnownHostsFile {}\n  StrictHostKeyChecking yes\n",
        near.port,
        near.at("id").display(),
        near.at("known_hosts").display(),
    );
    fs::write(far.at("ssh_config"), config).unwrap();
    let mut ssh = far.ssh();
    ssh.jump = vec!["near".into()];
    let host = Host::connect(target(ssh.clone()), options()).await.unwrap();
    assert_eq!(near.sessions().len(), 1);
    host.close().await;
    // The key of a host behind another is shown, too.
    fs::write(far.at("known_hosts"), "").unwrap();
    let error = refused(target(ssh)).await;
    assert!(
        matches!(&error.problem, Problem::HostKeyUnknown { fingerprints, .. } if fingerprints.len() == 1),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_alias_of_the_configuration_is_an_address() {
    let sshd = Sshd::start("");
    let config = format!(
        "Host my-alias\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {}\n  UserKnownHostsFile {}\n",
        sshd.port,
        sshd.at("id").display(),
        sshd.at("known_hosts").display(),
    );
    fs::write(sshd.at("ssh_config"), config).unwrap();
    let mut alias = sshd.target();
    alias.address = "my-alias".into();
    let Transport::Ssh(ssh) = &mut alias.transport else { unreachable!() };
    (ssh.port, ssh.identity_file, ssh.known_hosts) = (None, None, None);
    Host::connect(alias.clone(), options()).await.unwrap().close().await;
    fs::write(sshd.at("known_hosts"), "").unwrap();
    let error = refused(alias).await;
    let Problem::HostKeyUnknown { accept: Some(accept), .. } = &error.problem else { panic!("{error:?}") };
    assert!(accept.ends_with(sshd.at("known_hosts").to_str().unwrap()), "{accept}");
}

#[tokio::test]
async fn a_known_hosts_file_may_have_any_name() {
    let sshd = Sshd::start("");
    let odd = sshd.at("known hosts 100%h");
    fs::rename(sshd.at("known_hosts"), &odd).unwrap();
    let mut ssh = sshd.ssh();
    ssh.known_hosts = Some(odd);
    Host::connect(target(ssh), options()).await.unwrap().close().await;
}

#[tokio::test]
async fn nothing_is_left_behind_when_it_ends() {
    let sshd = Sshd::start("");
    let host = Host::connect(sshd.target(), options()).await.unwrap();
    section(&host, "emit 0", vec![]).await;
    host.close().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !sshd.sessions().is_empty() {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_dropped_connection_is_reported_with_the_step_it_hit() {
    let sshd = Sshd::start("");
    let host = Host::connect(sshd.target(), options()).await.unwrap();
    let (running, _folder, child) = start(&host).await;
    sshd.kill();
    let report = running.await.unwrap();
    let failure = report.failure.as_ref().unwrap();
    assert!(
        matches!(&failure.problem, Problem::ConnectionLost { step: Some(step), .. } if step == "first"),
        "{failure:?}"
    );
    assert!(failure.to_string().contains("while this step ran: first"));
    assert_eq!(report.steps[0].status, StepStatus::Lost);
    assert_eq!(report.steps[1].status, StepStatus::NotReached);
    gone(&child).await;
    let error = host.observe(vec![]).await.unwrap_err();
    assert!(matches!(error.problem, Problem::ConnectionLost { .. }), "{error:?}");
}

#[tokio::test]
async fn a_dropped_connection_is_noticed_while_nothing_runs() {
    let sshd = Sshd::start("");
    let host = Host::connect(sshd.target(), options()).await.unwrap();
    section(&host, "emit 0", vec![]).await;
    sshd.kill();
    let error = host.observe(vec![]).await.unwrap_err();
    assert!(matches!(error.problem, Problem::ConnectionLost { .. }), "{error:?}");
}

#[tokio::test]
async fn steps_and_lanes_share_one_connection() {
    let sshd = Sshd::start("");
    let host = Host::connect(sshd.target(), options()).await.unwrap();
    let (one, _folder, child) = start(&host).await;
    let (two, _other, _) = start(&host).await;
    assert_eq!(sshd.sessions().len(), 1);
    host.kill();
    assert_eq!(one.await.unwrap().steps[0].status, StepStatus::Killed);
    assert_eq!(two.await.unwrap().steps[0].status, StepStatus::Killed);
    gone(&child).await;
    host.close().await;
}

#[tokio::test]
async fn large_input_goes_through_while_output_comes_back() {
    let sshd = Sshd::start("");
    let host = Host::connect(sshd.target(), options()).await.unwrap();
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    // It answers with more than any buffer holds before it reads anything.
    let mut echo = step(
        "echo",
        "i=0; while [ $i -lt 20000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; sha256sum",
        vec![],
    );
    echo.step.input = vec![crate::model::Blob(bytes.as_slice().into())];
    let (sender, _) = tokio::sync::mpsc::unbounded_channel();
    let report = host.run(StepFrame { steps: vec![echo], ..StepFrame::default() }, sender).await;
    let hash = crate::model::Content::new(bytes);
    assert_eq!(report.steps[0].output.last().unwrap().split(' ').next(), Some(hash.hash()));
}

#[tokio::test]
async fn noise_before_the_shell_and_odd_accounts_are_told_apart() {
    // What start files print comes first, without a newline at its end.
    let sshd = Sshd::start(
        "ForceCommand printf 'Welcome!\\n'; cat /bin/true | head -c 3000; echo warned >&2; eval \"$SSH_ORIGINAL_COMMAND\"",
    );
    let host = Host::connect(sshd.target(), options()).await.unwrap();
    assert_eq!(section(&host, "emit 0 fine", vec![]).await.records.len(), 1);

    let nologin = Sshd::start("ForceCommand echo 'This account is currently not available.'; exit 1");
    let error = refused(nologin.target()).await;
    assert!(matches!(&error.problem, Problem::NoShell { said } if said.contains("not available")), "{error:?}");

    let silent = Sshd::start("ForceCommand sleep 1000");
    let short = Options { connect_timeout: Duration::from_secs(1), ..options() };
    let error = no_answer(silent.target(), short).await;
    assert!(matches!(error.problem, Problem::ShellTimedOut(_)), "{error:?}");
}

/// What start files may do to a session: the forced command stands for the file, then comes what was asked for.
#[tokio::test]
async fn start_files_that_take_the_input_or_the_shell_are_named() {
    for (file, is_replaced) in [
        ("read -r answer; ", false),
        ("dd bs=100 count=1 >/dev/null 2>&1; ", false),
        ("cat >/dev/null; ", false),
        ("sh; ", false),
        ("exec cat; ", true),
        ("exec sh; ", true),
        ("exec bash -l; ", true),
    ] {
        let sshd = Sshd::start(&format!("ForceCommand {file} eval \"$SSH_ORIGINAL_COMMAND\""));
        let short = Options { connect_timeout: Duration::from_secs(1), ..options() };
        let error = no_answer(sshd.target(), short).await;
        match (&error.problem, is_replaced) {
            (Problem::InputTaken, false) | (Problem::ShellReplaced, true) => {}
            other => panic!("{file}: {other:?}"),
        }
        assert!(error.help().unwrap().contains("[ -t 0 ]"));
    }
}

#[tokio::test]
async fn a_server_that_opens_one_channel_only_says_what_to_raise() {
    let sshd = Sshd::start("MaxSessions 1");
    let host = Host::connect(sshd.target(), options()).await.unwrap();
    assert_eq!(section(&host, "emit 0 fine", vec![]).await.records.len(), 1);
    let (sender, _) = tokio::sync::mpsc::unbounded_channel();
    let report = host.run(StepFrame { steps: vec![step("one", ":", vec![])], ..StepFrame::default() }, sender).await;
    let failure = report.failure.unwrap();
    assert!(matches!(failure.problem, Problem::NoChannel { .. }), "{failure:?}");
    assert!(failure.help().unwrap().contains("MaxSessions"));
    assert_eq!(report.steps[0].status, StepStatus::NotReached);
}

#[tokio::test]
async fn a_server_that_opens_two_channels_runs_one_frame_at_a_time() {
    let sshd = Sshd::start("MaxSessions 2");
    let host = Host::connect(sshd.target(), options()).await.unwrap();
    assert_eq!(section(&host, "emit 0 fine", vec![]).await.records.len(), 1);
    let (one, _folder, child) = start(&host).await;
    let (sender, _) = tokio::sync::mpsc::unbounded_channel();
    let report = host.run(StepFrame { steps: vec![step("two", ":", vec![])], ..StepFrame::default() }, sender).await;
    // Whoever asked runs it in the main lane then.
    assert!(matches!(report.failure.unwrap().problem, Problem::NoChannel { .. }));
    assert_eq!(report.steps[0].status, StepStatus::NotReached);
    host.kill();
    let report = one.await.unwrap();
    assert_eq!(report.steps[0].status, StepStatus::Killed);
    gone(&child).await;
    host.close().await;
}
