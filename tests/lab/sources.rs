//! What comes from elsewhere, on a real host: code over ssh with a key, files by wget, and a bucket with something in it.

use std::path::Path;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

/// Puts a program and an archive where the host's file server looks, and prints their checksums.
const FILES: &str = "set -e; mkdir -p /srv/files/pages-1/img; cd /srv/files; printf '#!/bin/sh\\necho hello\\n' >hello; \
    echo page >pages-1/index.html; echo a >pages-1/img/a.txt; tar -czf pages.tar.gz pages-1; \
    sha256sum hello pages.tar.gz | cut -d' ' -f1";

#[test]
fn code_and_files_come_from_servers() {
    let host = LabHost::boot("sources", support::release());
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let sums = host.check(FILES);
    let (program, archive) = sums.trim().split_once('\n').expect("two checksums");
    let with = |program: &str, archive: &str| {
        let infra = Infra::new(&tests.join("sources"), &host.inventory());
        let infra = infra.option("--var").option(&format!("program=sha256:{program}"));
        infra.option("--var").option(&format!("archive=sha256:{archive}"))
    };
    let infra = with(program, archive);

    // By wget, and with the key.
    host.check("mv /usr/bin/curl /root/curl");
    infra.plan().assert_no_problems();
    infra.apply();
    infra.plan().assert_empty("after apply");
    let found =
        host.check("hello; cat /srv/pages/img/a.txt /srv/pages/index.html /opt/app/app.txt; stat -c %U /opt/app");
    assert_eq!(found, "hello\na\npage\n1\napp\n");
    assert!(!host.run("runuser -u app -- git ls-remote ssh://git@127.0.0.1/srv/git/app.git").status.success());

    // What has another checksum replaces nothing, and nothing of it is left.
    let wrong = "f".repeat(64);
    let report = with(&wrong, &wrong).try_apply();
    assert!(!report.success, "{}", report.said);
    for right in [program, archive] {
        let message = format!("has the checksum sha256:{right}, and the spec says sha256:{wrong}");
        assert!(report.said.contains(&message), "{}", report.said);
    }
    let found =
        host.check("hello; cat /srv/pages/index.html; find /usr/local /srv -name '.infra-*' ! -name .infra-download");
    assert_eq!(found, "hello\npage\n");
    infra.plan().assert_empty("after a wrong checksum");

    // Somebody pushed, and somebody edited on the host: what was edited is thrown away only where the spec says so.
    let push = "cd /home/git/work && echo 2 >app.txt && git commit -qam two && git push -q origin main";
    host.check(&format!("HOME=/home/git runuser -u git -- sh -ec '{push}'"));
    let checkout = ["git_checkout:/opt/app".to_string()];
    infra.plan().assert_names(&checkout, "somebody pushed");
    host.check("echo edited >>/opt/app/app.txt");
    infra.plan().assert_refused(&checkout, "a tracked file was edited");
    assert!(!infra.try_apply().success, "apply goes on although the plan is refused");
    assert_eq!(host.check("cat /opt/app/app.txt"), "1\nedited\n");
    let forced = infra.option("--var").option("force=true");
    forced.apply().assert_applied(&checkout, "a tracked file was edited");
    assert_eq!(host.check("cat /opt/app/app.txt"), "2\n");
    infra.plan().assert_empty("after local changes were thrown away");

    host.check("mv /root/curl /usr/bin/curl");
    a_bucket_with_objects_stays(&host, &tests.join("kinds/bucket"));
}

fn a_bucket_with_objects_stays(host: &LabHost, spec: &Path) {
    let infra = Infra::new(spec, &host.inventory());
    infra.apply();
    host.check("echo video >/var/lib/s3/youtube-videos/one.mp4");
    let removed = infra.environment("remove");
    let report = removed.try_apply();
    assert!(!report.success, "{}", report.said);
    assert!(report.said.contains("the bucket is not empty, and is left alone"), "{}", report.said);
    assert_eq!(
        host.check("cd /var/lib/s3 && find . -type f -name '*.mp4'; ls"),
        "./youtube-videos/one.mp4\nyoutube-videos\n"
    );
    host.check("rm /var/lib/s3/youtube-videos/one.mp4");
    removed.apply().assert_applied(&["bucket:youtube-videos".to_string()], "an emptied bucket");
    removed.plan().assert_empty("after removal");
}
