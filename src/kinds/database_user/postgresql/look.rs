//! What is asked of PostgreSQL about a role.

use std::collections::BTreeSet;

use crate::kinds::shared::database_engine::{Engine, connect};
use crate::resource::Resource;

use super::super::grants::Grants;
use super::super::users::Desired;

pub(super) const ENGINE: Engine = Engine::Postgresql;

/// The name that stands for everybody; no role can have it.
pub(super) const PUBLIC: &str = "public";

/// Schemas that are not the server's own.
const SCHEMAS: &str = "n.nspname NOT IN ('pg_catalog','information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' \
                       AND n.nspname NOT LIKE 'pg\\_temp%'";

/// Tables, views, sequences and the like of schemas that are not the server's own.
const RELATIONS: &str = "pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace \
                         WHERE c.relkind IN ('r','p','v','m','f','S')";

/// What privileges are granted to, in an expression: a role's number, or none where there is no such role.
fn number(user: &str) -> String {
    match user {
        PUBLIC => "0".into(),
        user => format!("(SELECT oid FROM pg_roles WHERE rolname={})", ENGINE.text(user)),
    }
}

/// Selects what is known of the role, and for each database that grants name, that it lacks, or what [`look_inside`] selects.
pub(super) fn look(at: usize, resource: &Resource<Desired>) -> String {
    let user = resource.desired.user.as_str();
    let role = ENGINE.text(user);
    let flags = ["rolcanlogin", "rolsuper", "rolcreatedb", "rolcreaterole"].map(|column| format!("bool_or({column})"));
    let mut lines = vec![match user {
        PUBLIC => format!("SELECT {at},'present','f','f','f','f','';"),
        _ => format!(
            "SELECT {at},CASE count(*) WHEN 0 THEN 'absent' ELSE 'present' END,{},{} FROM pg_authid WHERE rolname={role};",
            flags.join(","),
            ENGINE.as_hex("max(rolpassword)")
        ),
    }];
    lines.extend(resource.desired.member_of.iter().flat_map(|roles| look_at_roles(at, user, roles)));
    let Some(wanted) = resource.desired.grants.as_ref().filter(|_| !resource.is_absent()) else {
        return lines.join("\n");
    };
    let number = number(user);
    lines.push(format!(
        "SELECT {at},'database',{},a.privilege_type FROM pg_database d, aclexplode(coalesce(d.datacl,acldefault('d',d.datdba))) a \
         WHERE a.grantee={number} AND a.grantee<>d.datdba;",
        ENGINE.as_hex("d.datname")
    ));
    for database in databases(wanted) {
        let name = ENGINE.text(database);
        lines.push(format!(
            "SELECT count(*)=1 AS there, current_database() AS home FROM pg_database WHERE datname={name} \\gset"
        ));
        lines.push("\\if :there".into());
        lines.push(connect(database));
        lines.extend(look_inside(at, &role, &number));
        lines.push("\\connect :\"home\"".into());
        lines.push("\\else".into());
        lines.push(format!("SELECT {at},'lacks',{};", ENGINE.as_hex(&name)));
        lines.push("\\endif".into());
    }
    lines.join("\n")
}

/// Selects the roles that it is a direct member of, and those wanted that are not there. Since PostgreSQL 16, who makes a role is a
/// member that neither inherits nor may take it on.
fn look_at_roles(at: usize, user: &str, wanted: &BTreeSet<String>) -> Vec<String> {
    let option = |name: &str| format!("coalesce(to_jsonb(m)->>'{name}','true')='true'");
    let mut lines = vec![format!(
        "SELECT DISTINCT {at},'member',{} FROM pg_auth_members m JOIN pg_roles r ON r.oid=m.roleid WHERE m.member={} AND ({} OR {});",
        ENGINE.as_hex("r.rolname"),
        number(user),
        option("inherit_option"),
        option("set_option")
    )];
    if !wanted.is_empty() {
        let all: Vec<String> = wanted.iter().map(|role| format!("({})", ENGINE.text(role))).collect();
        lines.push(format!(
            "SELECT {at},'no-role',{} FROM (VALUES {}) w(role) WHERE NOT EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname=w.role);",
            ENGINE.as_hex("w.role"),
            all.join(",")
        ));
    }
    lines
}

/// Selects what there is of grants in the schemas of the database that it is connected to.
fn look_inside(at: usize, role: &str, number: &str) -> [String; 6] {
    let database = ENGINE.as_hex("current_database()");
    let schema = ENGINE.as_hex("n.nspname");
    let letter = "CASE c.relkind WHEN 'S' THEN 's' ELSE 't' END";
    let routines = "pg_proc p JOIN pg_namespace n ON n.oid=p.pronamespace";
    let routine = "format('%I(%s)',p.proname,pg_get_function_identity_arguments(p.oid))";
    [
        format!(
            "SELECT {at},'schema',{database},{schema},a.privilege_type FROM pg_namespace n, \
             aclexplode(coalesce(n.nspacl,acldefault('n',n.nspowner))) a WHERE a.grantee={number} AND n.nspowner<>a.grantee AND {SCHEMAS};"
        ),
        format!(
            "SELECT {at},'count',{database},{schema},{letter},count(*) FROM {RELATIONS} AND {SCHEMAS} AND c.relowner IS DISTINCT FROM \
             {number} GROUP BY 4,5;"
        ),
        format!(
            "SELECT {at},'count',{database},{schema},'f',count(*) FROM {routines} WHERE {SCHEMAS} AND p.proowner IS DISTINCT FROM \
             {number} GROUP BY 4;"
        ),
        format!(
            "SELECT {at},'relation',{database},{schema},{},{letter},a.privilege_type FROM {} AND {SCHEMAS} AND a.grantee={number} \
             AND c.relowner<>a.grantee;",
            ENGINE.as_hex("c.relname"),
            RELATIONS.replacen(" WHERE ", " CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE ", 1)
        ),
        format!(
            "SELECT {at},'relation',{database},{schema},{},'f',a.privilege_type FROM {routines} CROSS JOIN LATERAL \
             aclexplode(coalesce(p.proacl,acldefault('f',p.proowner))) a WHERE {SCHEMAS} AND a.grantee={number} AND p.proowner<>a.grantee;",
            ENGINE.as_hex(routine)
        ),
        format!(
            "SELECT {at},'default',{database},{schema},CASE d.defaclobjtype WHEN 'S' THEN 's' WHEN 'f' THEN 'f' ELSE 't' END,\
             a.privilege_type,count(DISTINCT d.defaclrole)=(SELECT count(*) FROM ({makers}) m) FROM \
             pg_default_acl d JOIN pg_namespace n ON n.oid=d.defaclnamespace, aclexplode(d.defaclacl) a WHERE a.grantee={number} \
             AND d.defaclobjtype IN ('r','S','f') AND d.defaclrole IN ({makers}) GROUP BY 4,5,6;",
            makers = makers(role)
        ),
    ]
}

/// Selects those whose tables to come a role gets privileges on: whoever is connected, and the owner of the database, whose
/// own migrations make them. `pg_has_role` tells whether that may be asked for in the owner's name.
fn makers(role: &str) -> String {
    format!(
        "SELECT oid FROM pg_roles WHERE rolname=current_user UNION SELECT datdba FROM pg_database WHERE datname=current_database() \
         AND pg_has_role(datdba,'MEMBER') AND pg_get_userbyid(datdba)<>{role}"
    )
}

/// Returns the databases that grants name.
pub(super) fn databases(grants: &Grants) -> BTreeSet<&String> {
    grants.keys().filter_map(|object| object.database.as_ref()).collect()
}
