//! Effects of CREATE SEQUENCE and ALTER SEQUENCE (src/backend/commands/sequence.c).

use std::ops::Range;

use pg_query::protobuf::{AlterSeqStmt, CreateSeqStmt};
use pg_query::{Node, NodeEnum};

use super::{Collector, LockMode, created, named, node, options};
use crate::catalog::{Oid, RelationKind};

pub fn create_sequence(stmt: &CreateSeqStmt, c: &mut Collector<'_>) {
    let exists = stmt
        .sequence
        .as_ref()
        .is_some_and(|name| c.input.oid(name).is_some());
    if stmt.if_not_exists && exists {
        return;
    }
    let unlogged = (stmt.sequence.as_ref()).is_some_and(|name| name.relpersistence == "u");
    if unlogged && !c.input.since(15) {
        let message = "unlogged sequences are not supported";
        c.error("0A000", message, c.input.span());
        return;
    }
    if let Some((sqlstate, message)) = options_refusal(&stmt.options, true, c) {
        c.error(sqlstate, message, c.input.span());
        return;
    }
    owned_by(&stmt.options, None, c);
    if !c.failed() {
        created::announce(c, &c.input.span());
    }
}

/// ShareRowExclusive, which nextval() waits for; a new relfilenode unless OWNED BY is all there is
/// (`need_seq_rewrite` of `init_params`).
pub fn alter_sequence(stmt: &AlterSeqStmt, c: &mut Collector<'_>) {
    let Some(name) = &stmt.sequence else {
        return;
    };
    let span = c.input.span();
    let named = c.named_if_exists(name, RelationKind::Sequence, stmt.missing_ok);
    if matches!(named, named::Named::Nothing) {
        return;
    }
    let sequence = match &named {
        named::Named::Known(oid) => Some(*oid),
        _ => None,
    };
    let is_sequence = sequence.is_none_or(|oid| {
        c.relation(oid)
            .is_some_and(|relation| !relation.complete || relation.kind == RelationKind::Sequence)
    });
    if !is_sequence {
        let message = format!("\"{}\" is not a sequence", name.relname);
        c.error("42809", message, span);
        return;
    }
    if let Some((sqlstate, message)) = options_refusal(&stmt.options, false, c) {
        c.error(sqlstate, message, span);
        return;
    }
    c.lock_it(named, LockMode::ShareRowExclusive, &span);
    let rewrites = options::options(&stmt.options).any(|option| option.name != "owned_by");
    if rewrites && let Some(oid) = sequence {
        c.new_storage(oid);
    }
    owned_by(&stmt.options, sequence, c);
}

/// `init_params`, as far as the options alone decide it; what a sequence has already is not followed.
fn options_refusal(list: &[Node], new: bool, c: &Collector<'_>) -> Option<(&'static str, String)> {
    let option = |name: &str| {
        list.iter().find_map(|option| match &option.node {
            Some(NodeEnum::DefElem(option)) if option.defname == name => {
                Some(option.arg.as_deref())
            }
            _ => None,
        })
    };
    let number = |name: &str| -> Option<i128> {
        match option(name)??.node.as_ref()? {
            NodeEnum::Integer(number) => Some(number.ival.into()),
            NodeEnum::Float(number) => number.fval.parse().ok(),
            _ => None,
        }
    };
    let refuse = |message: String| Some(("22023", message));
    let mut bits = 63;
    if let Some(Some(NodeEnum::TypeName(name))) =
        option("as").map(|arg| arg.and_then(|arg| arg.node.as_ref()))
    {
        let ty = c.input.before.resolve_type(name, c.input.settings());
        bits = match ty.builtin_name() {
            Some("int2") => 15,
            Some("int4") => 31,
            Some("int8") => 63,
            Some(_) => {
                return refuse("sequence type must be smallint, integer, or bigint".to_owned());
            }
            None => {
                let scope = c.input.scope(None);
                return scope.types().missing(&ty);
            }
        };
    }
    if number("increment") == Some(0) {
        return refuse("INCREMENT must not be zero".to_owned());
    }
    if let Some(cache) = number("cache").filter(|cache| *cache <= 0) {
        return refuse(format!("CACHE ({cache}) must be greater than zero"));
    }
    let descends = number("increment").is_some_and(|step| step < 0);
    let limits = if descends {
        (-(1_i128 << bits), -1)
    } else {
        (1, (1_i128 << bits) - 1)
    };
    let out_of_type = |value: i128| value < -(1_i128 << bits) || value > (1_i128 << bits) - 1;
    let (min, max) = (number("minvalue"), number("maxvalue"));
    let typed = new || option("as").is_some();
    if typed && let Some(value) = max.into_iter().chain(min).find(|value| out_of_type(*value)) {
        return refuse(format!(
            "{value} is out of range for the sequence data type"
        ));
    }
    if !new
        && let (Some(start), Some(low)) = (number("start"), min)
        && start < low
    {
        return refuse(format!(
            "START value ({start}) cannot be less than MINVALUE ({low})"
        ));
    }
    if !new
        && let (Some(start), Some(high)) = (number("start"), max)
        && start > high
    {
        return refuse(format!(
            "START value ({start}) cannot be greater than MAXVALUE ({high})"
        ));
    }
    let (low, high) = match (new, min, max) {
        (true, _, _) => (min.unwrap_or(limits.0), max.unwrap_or(limits.1)),
        (false, Some(min), Some(max)) => (min, max),
        _ => return None,
    };
    if low >= high {
        return refuse(format!(
            "MINVALUE ({low}) must be less than MAXVALUE ({high})"
        ));
    }
    let start = number("start").filter(|start| *start < low || *start > high)?;
    refuse(format!(
        "START value ({start}) is not between MINVALUE and MAXVALUE"
    ))
}

/// `OWNED BY table.column` opens the table in AccessShare (`process_owned_by`).
fn owned_by(list: &[Node], sequence: Option<Oid>, c: &mut Collector<'_>) {
    let owner = list.iter().find_map(|option| match option.node.as_ref()? {
        NodeEnum::DefElem(option) if option.defname == "owned_by" => {
            Some((option.arg.as_deref()?, option.location))
        }
        _ => None,
    });
    let Some((owner, location)) = owner else {
        return;
    };
    let span = c.input.clause(location);
    let identity = sequence
        .and_then(|oid| c.relation(oid))
        .and_then(|sequence| sequence.owned_by.as_ref())
        .is_some_and(|owner| owner.identity);
    if identity {
        let message = "cannot change ownership of identity sequence";
        c.error("0A000", message, span);
        return;
    }
    let Some((table, column)) = named::relation_and_part(owner) else {
        invalid_owner(owner, c, &span);
        return;
    };
    let found = c.because("the sequence will belong to its column", |c| {
        c.lock_named(&table, RelationKind::Table, LockMode::AccessShare, &span)
    });
    let Some(relation) = found.and_then(|oid| c.complete_relation(oid)) else {
        return;
    };
    if !matches!(
        relation.kind,
        RelationKind::Table
            | RelationKind::ForeignTable
            | RelationKind::View
            | RelationKind::PartitionedTable
    ) {
        let message = format!("sequence cannot be owned by relation \"{}\"", table.relname);
        c.error("42809", message, span);
        return;
    }
    if relation.column(&column).is_none() {
        let message = format!(
            "column \"{column}\" of relation \"{}\" does not exist",
            table.relname
        );
        c.error("42703", message, span);
        return;
    }
    let schema = match sequence {
        Some(oid) => c.relation(oid).map(|sequence| &sequence.name.schema),
        None => None,
    };
    if schema.is_some_and(|schema| *schema != relation.name.schema) {
        let message = "sequence must be in same schema as table it is linked to";
        c.error("55000", message, span);
    }
}

/// A single word that is not NONE.
fn invalid_owner(owner: &Node, c: &mut Collector<'_>, span: &Range<usize>) {
    let words = match owner.node.as_ref() {
        Some(NodeEnum::List(list)) => node::strings(&list.items),
        _ => return,
    };
    if words.len() == 1 && words[0] != "none" {
        c.error("42601", "invalid OWNED BY option", span.clone());
    }
}
