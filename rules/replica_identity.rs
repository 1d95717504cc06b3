//! REPLICA IDENTITY that leaves a table without one, or logs whole rows.

use pg_query::NodeEnum;
use pg_query::protobuf::AlterTableType;

use crate::lint::{Check, Context, Finding, Report, Severity, short_name};

pub const CHECK: Check = Check::Statement(check);

fn check(cx: &Context<'_>, report: &mut Report<'_>) {
    let Some(target) = cx.altered().filter(|target| !target.new) else {
        return;
    };
    let table = target.oid.and_then(|oid| cx.after.relation(oid));
    let name = short_name(&target.name);
    for command in cx.commands() {
        if command.node.subtype() != AlterTableType::AtReplicaIdentity {
            continue;
        }
        let Some(NodeEnum::ReplicaIdentityStmt(identity)) =
            command.node.def.as_ref().and_then(|def| def.node.as_ref())
        else {
            continue;
        };
        let keyless = table.is_some_and(|table| table.complete && table.primary_key().is_none());
        // `REPLICA_IDENTITY_*` of src/include/catalog/pg_class.h.
        let (message, severity) = match identity.identity_type.as_str() {
            "n" => (
                format!("every UPDATE and DELETE of {name} fails once a publication has it"),
                Severity::Warning,
            ),
            "d" if keyless => (
                format!(
                    "every UPDATE and DELETE of {name} fails once a publication has it: it has no primary key"
                ),
                Severity::Warning,
            ),
            "f" => (
                format!(
                    "every UPDATE and DELETE of {name} writes the whole old row to the log, and a replica searches the table for it"
                ),
                Severity::Note,
            ),
            _ => continue,
        };
        report.push(
            Finding::new(command.span, "how replication names the old row", message)
                .help(format!("give {name} a primary key, or name a unique index over columns that are NOT NULL: REPLICA IDENTITY USING INDEX"))
                .severity(severity)
                .about(&target.name),
        );
    }
}
