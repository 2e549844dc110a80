# package_manager: sets $manager to the package manager of the host, "none" where it has none that is known.
package_manager() {
    for manager in apt:apt-get dnf zypper pacman apk yum none; do
        command -v "${manager#*:}" >/dev/null 2>&1 && break
    done
    manager=${manager%:*}
}
