# One dpkg-query over all packages: asked by name, it would not know virtual ones.
apt_list() {
    dpkg-query --show --showformat="\${Package}$US\${Architecture}$US\${db:Status-Status}$US\${Version}$US\${Provides}$US\${db:Status-Eflag}\\n"
}
