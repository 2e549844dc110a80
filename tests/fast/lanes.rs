//! Steps side by side on one host: a server on this machine says when two downloads are under way, and lets them go.
use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::support::{infra_here, send_signal, wait_until};

/// The longest a request waits for what it depends on. Steps one after another would wait in vain.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the server knows.
#[derive(Default)]
struct State {
    /// The paths asked for.
    asked: BTreeSet<String>,
    /// Connections that ended before they were answered.
    gone: usize,
    may_answer: bool,
}

type Shared = Arc<(Mutex<State>, Condvar)>;

/// A server that answers nothing until it may. A file holds its own path; what has `missing` in its path is not there.
struct Server {
    port: u16,
    state: Shared,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Shared::default();
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = shared.clone();
                std::thread::spawn(move || answer(&stream.unwrap(), &shared));
            }
        });
        Self { port, state }
    }

    /// Waits until so many different files have been asked for.
    fn wait_for(&self, files: usize) {
        let (state, changed) = &*self.state;
        let (state, _) =
            changed.wait_timeout_while(state.lock().unwrap(), PATIENCE, |state| state.asked.len() < files).unwrap();
        assert_eq!(state.asked.len(), files, "{:?} were asked for side by side", state.asked);
    }

    fn let_go(&self) {
        self.state.0.lock().unwrap().may_answer = true;
        self.state.1.notify_all();
    }

    fn gone(&self) -> usize {
        self.state.0.lock().unwrap().gone
    }
}

fn answer(mut stream: &TcpStream, shared: &Shared) {
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut chunk) {
            Ok(read @ 1..) => request.extend_from_slice(&chunk[..read]),
            _ => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap().to_string();
    let (state, changed) = &**shared;
    state.lock().unwrap().asked.insert(path.clone());
    changed.notify_all();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    while !state.lock().unwrap().may_answer {
        // A client that is killed closes its end.
        let is_there = match stream.read(&mut chunk) {
            Ok(read) => read > 0,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
        if !is_there {
            state.lock().unwrap().gone += 1;
            return;
        }
    }
    let (status, body) = if path.contains("missing") { ("404 Not Found", "") } else { ("200 OK", &*path) };
    // Who asked may be gone.
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
}

/// A folder with a spec for this machine.
struct Place(TempDir);

impl Place {
    /// Writes a spec with these downloads from a server, and files that each need some of them.
    fn new(server: &Server, downloads: &[&str], files: &[(&str, &[&str])]) -> Self {
        let place = Self(TempDir::new().unwrap());
        let mut text = "infra: 1\nname: lanes\nhosts: { here: { transport: local } }\ndownloads:\n".to_string();
        for name in downloads {
            let sum: String = Sha256::digest(format!("/{name}")).iter().map(|byte| format!("{byte:02x}")).collect();
            let url = format!("http://127.0.0.1:{}/{name}", server.port);
            text += &format!("  {}: {{ url: \"{url}\", checksum: \"sha256:{sum}\" }}\n", place.at(name).display());
        }
        text += "files:\n";
        for (name, needs) in files {
            let needs: Vec<String> =
                needs.iter().map(|needed| format!("\"download:{}\"", place.at(needed).display())).collect();
            let needs = needs.join(", ");
            text += &format!("  {}: {{ content: x, depends_on: [{needs}] }}\n", place.at(name).display());
        }
        fs::create_dir(place.0.path().join("data")).unwrap();
        fs::write(place.0.path().join("infra.yaml"), text).unwrap();
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join("data").join(name)
    }

    fn apply(&self) -> Child {
        let mut command = infra_here(self.0.path());
        command.args(["apply", "-y"]).current_dir(self.0.path()).env_clear();
        command.env("XDG_STATE_HOME", self.0.path().join("state"));
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.0.path());
        let said = fs::File::create(self.said()).unwrap();
        command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap()
    }

    /// The file that takes what the run prints.
    fn said(&self) -> PathBuf {
        self.0.path().join("said")
    }

    /// Waits for the end of a run; returns its exit code and all that it printed.
    fn ended(&self, mut run: Child) -> (i32, String) {
        let status = run.wait().unwrap();
        (status.code().unwrap(), fs::read_to_string(self.said()).unwrap())
    }

    /// Asks a run to stop, and waits until it has heard of it.
    fn stop(&self, run: &Child) {
        send_signal(run, "INT");
        wait_until("it is stopping", || fs::read_to_string(self.said()).unwrap().contains("stopping"));
    }

    fn has(&self, names: &[&str]) -> Vec<bool> {
        names.iter().map(|name| self.at(name).exists()).collect()
    }
}

#[test]
fn what_does_not_depend_on_each_other_runs_side_by_side() {
    let server = Server::start();
    let files: [(&str, &[&str]); 3] = [("meanwhile", &[]), ("after", &["one"]), ("last", &["one", "two"])];
    let place = Place::new(&server, &["one", "two"], &files);
    let run = place.apply();
    server.wait_for(2);
    wait_until("the main lane has gone on", || place.at("meanwhile").exists());
    assert_eq!(place.has(&["one", "two", "after", "last"]), [false; 4]);
    server.let_go();
    let (code, text) = place.ended(run);
    assert_eq!(code, 0, "{text}");
    assert_eq!(fs::read_to_string(place.at("two")).unwrap(), "/two");
    assert_eq!(place.has(&["one", "after", "last"]), [true; 3]);
}

#[test]
fn a_failure_in_one_lane_stops_only_what_depends_on_it() {
    let server = Server::start();
    let files: [(&str, &[&str]); 3] = [("well", &["one"]), ("ill", &["missing"]), ("both", &["one", "missing"])];
    let place = Place::new(&server, &["one", "missing"], &files);
    let run = place.apply();
    server.wait_for(2);
    server.let_go();
    let (code, text) = place.ended(run);
    assert_eq!(code, 1, "{text}");
    assert_eq!(place.has(&["one", "well", "missing", "ill", "both"]), [true, true, false, false, false], "{text}");
    assert!(text.contains("404"), "{text}");
}

#[test]
fn a_stop_lets_all_running_steps_end_and_starts_nothing_more() {
    let server = Server::start();
    let place = Place::new(&server, &["one", "two"], &[("last", &["one", "two"])]);
    let run = place.apply();
    server.wait_for(2);
    place.stop(&run);
    server.let_go();
    let (code, text) = place.ended(run);
    assert_eq!(code, 1, "{text}");
    assert_eq!(place.has(&["one", "two", "last"]), [true, true, false], "{text}");
}

#[test]
fn a_second_stop_kills_all_running_steps() {
    let server = Server::start();
    let place = Place::new(&server, &["one", "two"], &[("last", &["one", "two"])]);
    let run = place.apply();
    server.wait_for(2);
    place.stop(&run);
    send_signal(&run, "INT");
    let (code, text) = place.ended(run);
    assert_eq!(code, 1, "{text}");
    assert_eq!(text.matches("\n  its step was killed, as asked").count(), 2, "{text}");
    wait_until("nothing that was started is left", || server.gone() == 2);
    assert_eq!(place.has(&["one", "two", "last"]), [false; 3]);
}
