# shut_out: looks which ports of ssh the rules of ufw, as they are now in its files, would keep this session or the next
# one from; writes the words of rules that open them. Where a rule says what becomes of the port from all addresses, only
# the address of this session is let in beyond it. The ports are those of the connection this shell came over, of the
# sockets of sshd, of its configuration and of ssh.socket. ufw is a Python program, so Python is there.
shut_out() {
    python3 -I -c '
import glob, ipaddress, os, re, subprocess

def read(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""

def output(*words):
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=20, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}).stdout.decode()
    except (OSError, subprocess.SubprocessError):
        return ""

# Where this session comes from: an ancestor has it in its environment.
ports, client, server = set(), None, None
process = os.getpid()
while process > 1:
    for entry in read(f"/proc/{process}/environ").split("\0"):
        words = entry.partition("=")[2].split()
        if entry.startswith("SSH_CONNECTION=") and len(words) == 4 and client is None:
            try:
                client, server = (ipaddress.ip_address(words[at].partition("%")[0]) for at in (0, 2))
                ports.add(int(words[3]))
            except ValueError:
                client = server = None
    after_name = read(f"/proc/{process}/stat").rpartition(")")[2].split()
    process = int(after_name[1]) if len(after_name) > 1 else 0

# The sockets that servers of ssh listen on. Their sessions, named "sshd: user", hold those of forwarded ports.
sockets = set()
for name in glob.glob("/proc/[0-9]*/comm"):
    folder = os.path.dirname(name)
    command = read(folder + "/cmdline")
    if read(name).strip() in ("sshd", "dropbear", "tinysshd") and ("[listener]" in command or ": " not in command):
        try:
            for number in os.listdir(folder + "/fd"):
                found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"{folder}/fd/{number}"))
                if found:
                    sockets.add(found[1])
        except OSError:
            pass
for table in ("/proc/net/tcp", "/proc/net/tcp6"):
    for line in read(table).splitlines()[1:]:
        words = line.split()
        # 0A is TCP_LISTEN of include/net/tcp_states.h.
        if words[3] == "0A" and words[9] in sockets:
            ports.add(int(words[1].rpartition(":")[2], 16))
ports.update(int(port) for port in re.findall(r"(?m)^port (\d+)$", output("sshd", "-T")))
listens = output("systemctl", "show", "--property=ActiveState,Listen", "ssh.socket", "sshd.socket")
for block in listens.split("\n\n"):
    if "ActiveState=active" in block:
        ports.update(int(port) for port in re.findall(r"(?m)^Listen=.*:(\d+) \(Stream\)$", block))

defaults = read("/etc/default/ufw")
def default(name):
    found = re.search(rf"(?m)^{name}=\"?(\w+)", defaults)
    return found[1].lower() if found else ""

def is_open(port, version):
    any_address = ("0.0.0.0/0", "::/0")
    of_family = client if client is not None and client.version == version else None
    local = server if of_family is not None else None
    for line in read("/etc/ufw/user.rules" if version == 4 else "/etc/ufw/user6.rules").splitlines():
        if not line.startswith("### tuple ### "):
            continue
        words = line[14:].partition(" comment=")[0].split(" ")
        verdict, protocol, to_ports, to, from_ports, source = words[:6]
        direction, _, interface = words[-1].partition("_")
        verdict = verdict.partition("_")[0]
        if ":" in verdict or direction != "in" or protocol not in ("tcp", "any"):
            continue
        ranges = [part.partition(":") for part in to_ports.split(",")] if to_ports != "any" else []
        if ranges and not any(int(low) <= port <= int(high or low) for low, _, high in ranges):
            continue
        opens = verdict in ("allow", "limit")
        # What is not known is taken for the worse: a rule that opens is none, one that closes is.
        def fits(network, address):
            if network in any_address:
                return True
            if address is None:
                return False
            return address in ipaddress.ip_network(network, strict=False)
        if not fits(source, of_family) or opens and (interface or from_ports != "any") or opens and not fits(to, local):
            continue
        return opens
    return default("DEFAULT_INPUT_POLICY") == "accept"

def is_decided(port):
    return re.search(rf"(?m)^### tuple ### \w+ tcp {port} 0\.0\.0\.0/0 any 0\.0\.0\.0/0 in( |$)",
                     read("/etc/ufw/user.rules"))

versions = [client.version] if client is not None else [4] + ([6] if default("IPV6") == "yes" else [])
for port in sorted(ports):
    if not all(is_open(port, version) for version in versions):
        if not is_decided(port):
            print(f"allow in proto tcp from any to any port {port}")
        elif client is not None:
            print(f"allow in proto tcp from {client} to any port {port}")
' </dev/null
}
