//! Specs of one shape each, in which whatever grows faster than they do shows at once.

use std::fmt::Write;

use infra::spec::MemoryFiles;

/// A folder of files on one host.
pub fn one_folder(resources: usize) -> MemoryFiles {
    let mut spec = spec(1);
    spec.push_str("directories: { /opt/app: { mode: \"0750\" } }\nfiles:\n");
    for file in 1..resources {
        let _ = writeln!(spec, "  /opt/app/{file}: {{ content: \"{file}\" }}");
    }
    MemoryFiles::new().file("infra.yaml", spec)
}

/// A service that all files restart, and commands that come after all of them.
pub fn one_service(resources: usize) -> MemoryFiles {
    let mut spec = spec(1);
    spec.push_str("services: { app: { running: true, restart_on: [\"file:/opt/app/**\"] } }\n");
    spec.push_str("units: { app.service: { content: x } }\nfiles:\n");
    for file in 0..resources {
        let _ = writeln!(spec, "  /opt/app/{file}: {{ content: \"{file}\" }}");
    }
    MemoryFiles::new().file("infra.yaml", spec)
}

/// Files of which each depends on the one before.
pub fn chain(resources: usize) -> MemoryFiles {
    let mut spec = spec(1);
    spec.push_str("files:\n  /opt/0: { content: x }\n");
    for file in 1..resources {
        let _ = writeln!(spec, "  /opt/{file}: {{ content: x, depends_on: [\"file:/opt/{}\"] }}", file - 1);
    }
    MemoryFiles::new().file("infra.yaml", spec)
}

/// Hosts with twenty resources each: ten that all of them have, ten of their own, half of these by a module.
pub fn many_hosts(resources: usize) -> MemoryFiles {
    let hosts = (resources / 20).max(1);
    let mut spec = spec(hosts);
    spec.push_str("vars:\n  ports:\n");
    for host in 0..hosts {
        let _ = writeln!(spec, "    host{host}: {host}");
    }
    spec.push_str("files:\n");
    for file in 0..10 {
        let _ =
            writeln!(spec, "  /opt/all/{file}: {{ content: \"{{{{ host.name }}}} {{{{ vars.ports[host.name] }}}}\" }}");
    }
    for host in 0..hosts {
        for file in 0..5 {
            let _ = writeln!(spec, "  /opt/own/{host}/{file}: {{ content: \"{{{{ host.name }}}}\", on: host{host} }}");
        }
    }
    spec.push_str("modules:\n");
    for host in 0..hosts {
        let _ = writeln!(spec, "  own{host}: {{ source: own, with: {{ name: own{host} }}, on: host{host} }}");
    }
    let module = "infra: 1\ninputs: { name: text }\nfiles:\n  '/opt/{{ inputs.name }}/{{ each.value }}':\n    \
                  for_each: [a, b, c, d, e]\n    content: x\noutputs: { name: '{{ inputs.name }}' }\n";
    MemoryFiles::new().file("infra.yaml", spec).file("own/module.yaml", module)
}

/// Modules in modules: ten in each, with twenty files in each of those.
pub fn nested_modules(resources: usize) -> MemoryFiles {
    let mut spec = spec(1);
    let many: Vec<String> = (0..(resources / 200).max(1)).map(|number| format!("m{number}")).collect();
    let call = |source: &str, many: &str| {
        format!(
            "modules:\n  {source}: {{ source: {source}, for_each: {many}, with: {{ path: '{{{{ inputs.path }}}}/{{{{ each.value }}}}' }} }}\n"
        )
    };
    let ten = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
    spec.push_str(&call("outer", &format!("[{}]", many.join(", "))).replace("{{ inputs.path }}", "/opt"));
    let head = "infra: 1\ninputs: { path: text }\n";
    let leaf = "files:\n  '{{ inputs.path }}/{{ each.value }}': { for_each: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, a, b, c, d, e, f, g, h, i, j], content: x }\n";
    MemoryFiles::new()
        .file("infra.yaml", spec)
        .file("outer/module.yaml", format!("{head}{}", call("../inner", ten).replace("  ../inner:", "  inner:")))
        .file("inner/module.yaml", format!("{head}{leaf}"))
}

/// Nothing but mistakes, of sorts that look for what was meant.
pub fn mistakes(resources: usize) -> MemoryFiles {
    let mut spec = spec(10);
    spec.push_str("vars:\n");
    for number in 0..resources {
        let _ = writeln!(spec, "  value_{number}: {number}");
    }
    spec.push_str("files:\n");
    for number in 0..resources {
        let body = match number % 4 {
            0 => format!("content: \"{{{{ vars.valeu_{number} }}}}\""),
            1 => "contend: x".to_string(),
            2 => format!("content: x, on: hots{number}"),
            _ => format!("content: x, depends_on: [\"file:/opt/flie{number}\"]"),
        };
        let _ = writeln!(spec, "  /opt/file{number}: {{ {body} }}");
    }
    MemoryFiles::new().file("infra.yaml", spec)
}

/// Dependencies on what is not there, in a spec that is right otherwise.
pub fn dangling(resources: usize) -> MemoryFiles {
    let mut spec = spec(1);
    spec.push_str("files:\n");
    for file in 0..resources {
        let _ = writeln!(spec, "  /opt/{file}: {{ content: x, depends_on: [\"file:/optt/{file}\"] }}");
    }
    MemoryFiles::new().file("infra.yaml", spec)
}

/// One cycle through everything.
pub fn ring(resources: usize) -> MemoryFiles {
    let mut spec = spec(1);
    spec.push_str("files:\n");
    for file in 0..resources {
        let _ =
            writeln!(spec, "  /opt/{file}: {{ content: x, depends_on: [\"file:/opt/{}\"] }}", (file + 1) % resources);
    }
    MemoryFiles::new().file("infra.yaml", spec)
}

fn spec(hosts: usize) -> String {
    let mut spec = String::from("infra: 1\nname: shape\nhosts:\n");
    for host in 0..hosts {
        let _ = writeln!(spec, "  host{host}: {{ labels: {{ number: n{host} }} }}");
    }
    spec
}
