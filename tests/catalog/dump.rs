//! The schema as text, one line an object, in the order of names.

use std::fmt::Write;

use humdrum::catalog::{
    Catalog, Column, Constraint, ConstraintKind, Dependency, Identity, Index, IndexTarget, NotNull,
    Oid, PartitionStrategy, Persistence, Relation, RelationKind, UserTypeKind,
};
use pg_query::{Node, NodeEnum};

pub fn dump(catalog: &Catalog) -> String {
    let mut out = String::new();
    let mut relations: Vec<&Relation> = catalog.relations().collect();
    relations.sort_by_key(|relation| &relation.name);
    for relation in relations {
        relation_lines(catalog, relation, &mut out);
    }
    let mut types: Vec<_> = catalog
        .user_types()
        .filter(|ty| ty.extension.is_none())
        .filter(|ty| {
            !matches!(
                ty.kind,
                UserTypeKind::Row { .. } | UserTypeKind::Composite { .. }
            )
        })
        .collect();
    types.sort_by_key(|ty| &ty.name);
    for ty in types {
        let text = match &ty.kind {
            UserTypeKind::Enum { values } => {
                let values: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
                format!("enum ({})", values.join(", "))
            }
            UserTypeKind::Domain(domain) => {
                let mut text = format!("domain over {}", catalog.type_display(&domain.base));
                if domain.not_null {
                    text.push_str(" not null");
                }
                for check in &domain.checks {
                    write!(text, ", check {}", check.name).unwrap();
                    if !check.valid {
                        text.push_str(" not valid");
                    }
                }
                text
            }
            UserTypeKind::Range { subtype } => {
                format!("range of {}", catalog.type_display(subtype))
            }
            UserTypeKind::Base => "base type".to_owned(),
            UserTypeKind::Row { .. } | UserTypeKind::Composite { .. } => continue,
        };
        writeln!(out, "type {}: {text}", ty.name).unwrap();
    }
    let mut functions: Vec<String> = catalog
        .functions()
        .filter(|function| function.extension.is_none())
        .map(|function| {
            let arguments: Vec<String> = function
                .arguments
                .iter()
                .map(|argument| catalog.type_display(&argument.ty))
                .collect();
            let returns = function.returns.as_ref().map(|ty| catalog.type_display(ty));
            format!(
                "function {}({}) returns {}{} {:?}",
                function.name,
                arguments.join(", "),
                if function.returns_set { "setof " } else { "" },
                returns.unwrap_or_else(|| "-".to_owned()),
                function.volatility
            )
        })
        .collect();
    functions.sort();
    for function in functions {
        writeln!(out, "{function}").unwrap();
    }
    for (name, statistics) in &catalog.statistics {
        let table = name_of(catalog, statistics.table);
        writeln!(
            out,
            "statistics {name} on {table} ({})",
            statistics.columns.join(", ")
        )
        .unwrap();
    }
    for (name, publication) in &catalog.publications {
        let tables: Vec<String> = publication
            .tables
            .iter()
            .map(|&table| name_of(catalog, table))
            .collect();
        writeln!(out, "publication {name}: {}", tables.join(", ")).unwrap();
    }
    let extensions: Vec<&str> = catalog.extensions.iter().map(String::as_str).collect();
    if !extensions.is_empty() {
        writeln!(out, "extensions: {}", extensions.join(", ")).unwrap();
    }
    let schemas: Vec<&str> = catalog
        .schemas()
        .filter(|schema| !matches!(*schema, "pg_catalog" | "information_schema" | "public"))
        .collect();
    if !schemas.is_empty() {
        writeln!(out, "schemas: {}", schemas.join(", ")).unwrap();
    }
    out
}

fn relation_lines(catalog: &Catalog, relation: &Relation, out: &mut String) {
    let persistence = match relation.persistence {
        Persistence::Permanent => "",
        Persistence::Unlogged => "unlogged ",
        Persistence::Temporary => "temporary ",
    };
    write!(
        out,
        "{persistence}{} {}",
        relation.kind.noun(),
        relation.name
    )
    .unwrap();
    if let Some(key) = &relation.partition_key {
        let strategy = match key.strategy {
            PartitionStrategy::Range => "range",
            PartitionStrategy::List => "list",
            PartitionStrategy::Hash => "hash",
        };
        let parts: Vec<String> = key.parts.iter().map(target).collect();
        write!(out, " by {strategy} ({})", parts.join(", ")).unwrap();
    }
    if !relation.parents.is_empty() {
        let parents: Vec<String> = relation
            .parents
            .iter()
            .map(|&parent| name_of(catalog, parent))
            .collect();
        let word = if relation.is_partition() {
            "partition of"
        } else {
            "inherits"
        };
        write!(out, " {word} {}", parents.join(", ")).unwrap();
    }
    if let Some(ty) = &relation.sequence_type {
        write!(out, " as {}", catalog.type_display(ty)).unwrap();
    }
    if let Some(owner) = &relation.owned_by {
        let kind = if owner.identity {
            "identity of"
        } else {
            "owned by"
        };
        write!(
            out,
            " {kind} {}.{}",
            name_of(catalog, owner.table),
            owner.column
        )
        .unwrap();
    }
    if relation.filled {
        out.push_str(" filled");
    }
    if !relation.complete {
        out.push_str(" INCOMPLETE");
    }
    out.push('\n');
    for column in &relation.columns {
        column_line(catalog, column, out);
    }
    let mut constraints: Vec<&Constraint> = relation.constraints.iter().collect();
    constraints.sort_by_key(|constraint| &constraint.name);
    for constraint in constraints {
        constraint_line(catalog, constraint, out);
    }
    let mut indexes: Vec<&Index> = catalog.indexes_of(relation.oid).collect();
    indexes.sort_by_key(|index| &index.name);
    for index in indexes {
        index_line(catalog, index, out);
    }
    for trigger in &relation.triggers {
        let cloned = if trigger.inherited { " cloned" } else { "" };
        writeln!(out, "    trigger {}{cloned}", trigger.name).unwrap();
    }
    for rule in &relation.rules {
        writeln!(
            out,
            "    rule {} reads {}",
            rule.name,
            reads(catalog, &rule.reads)
        )
        .unwrap();
    }
    for policy in &relation.policies {
        writeln!(
            out,
            "    policy {} reads {}",
            policy.name,
            reads(catalog, &policy.reads)
        )
        .unwrap();
    }
    if matches!(
        relation.kind,
        RelationKind::View | RelationKind::MaterializedView
    ) {
        writeln!(out, "    reads {}", reads(catalog, &relation.reads)).unwrap();
    }
}

fn column_line(catalog: &Catalog, column: &Column, out: &mut String) {
    write!(
        out,
        "    {} {}",
        column.name,
        catalog.type_display(&column.ty)
    )
    .unwrap();
    match column.not_null {
        NotNull::No => {}
        NotNull::Valid => out.push_str(" not null"),
        NotNull::NotValid => out.push_str(" not null (not valid)"),
    }
    if let Some(default) = &column.default {
        write!(out, " default {}", expression(default)).unwrap();
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored {
            "stored"
        } else {
            "virtual"
        };
        write!(
            out,
            " generated {kind} {}",
            expression(&generated.expression)
        )
        .unwrap();
    }
    match column.identity {
        None => {}
        Some(Identity::Always) => out.push_str(" identity always"),
        Some(Identity::ByDefault) => out.push_str(" identity by default"),
    }
    inheritance(column.local, column.inherited, out);
    out.push('\n');
}

fn inheritance(local: bool, inherited: u32, out: &mut String) {
    if inherited > 0 {
        let local = if local { "local, " } else { "" };
        write!(out, " ({local}inherited {inherited})").unwrap();
    }
}

fn constraint_line(catalog: &Catalog, constraint: &Constraint, out: &mut String) {
    let kind = match &constraint.kind {
        ConstraintKind::Check {
            expression: check, ..
        } => format!("check {}", expression(check)),
        ConstraintKind::NotNull { column } => format!("not null {column}"),
        ConstraintKind::PrimaryKey { .. } => "primary key".to_owned(),
        ConstraintKind::Unique { .. } => "unique".to_owned(),
        ConstraintKind::Exclusion { .. } => "exclude".to_owned(),
        ConstraintKind::ForeignKey(key) => format!(
            "foreign key ({}) references {} ({})",
            key.columns.join(", "),
            name_of(catalog, key.references),
            key.referenced_columns.join(", ")
        ),
    };
    write!(out, "    constraint {} {kind}", constraint.name).unwrap();
    if !constraint.enforced {
        out.push_str(" not enforced");
    } else if !constraint.valid {
        out.push_str(" not valid");
    }
    if constraint.deferrable {
        out.push_str(" deferrable");
    }
    let inheritable = matches!(
        constraint.kind,
        ConstraintKind::Check { .. } | ConstraintKind::NotNull { .. }
    );
    if constraint.no_inherit && inheritable {
        out.push_str(" no inherit");
    }
    inheritance(constraint.local, constraint.inherited, out);
    out.push('\n');
}

fn index_line(catalog: &Catalog, index: &Index, out: &mut String) {
    let unique = if index.unique { "unique " } else { "" };
    let keys: Vec<String> = index.keys.iter().map(|key| target(&key.target)).collect();
    write!(
        out,
        "    {unique}index {} {} ({})",
        index.name.name,
        index.method,
        keys.join(", ")
    )
    .unwrap();
    if !index.include.is_empty() {
        write!(out, " include ({})", index.include.join(", ")).unwrap();
    }
    if let Some(predicate) = &index.predicate {
        write!(out, " where {}", expression(predicate)).unwrap();
    }
    if let Some(parent) = index.parent {
        let parent = catalog
            .index(parent)
            .map_or("?", |parent| &parent.name.name);
        write!(out, " partition of {parent}").unwrap();
    }
    if !index.valid {
        out.push_str(" INVALID");
    }
    out.push('\n');
}

fn target(target: &IndexTarget) -> String {
    match target {
        IndexTarget::Column(column) => column.clone(),
        IndexTarget::Expression(node) => format!("({})", expression(node)),
    }
}

fn expression(node: &Node) -> String {
    let target = NodeEnum::ResTarget(Box::new(pg_query::protobuf::ResTarget {
        val: Some(Box::new(node.clone())),
        ..Default::default()
    }));
    let mut select = pg_query::protobuf::SelectStmt {
        target_list: vec![Node { node: Some(target) }],
        ..Default::default()
    };
    select.set_op(pg_query::protobuf::SetOperation::SetopNone);
    select.set_limit_option(pg_query::protobuf::LimitOption::Default);
    NodeEnum::SelectStmt(Box::new(select))
        .deparse(Default::default())
        .map_or_else(
            |error| error.to_string(),
            |sql| sql.trim_start_matches("SELECT ").to_owned(),
        )
}

fn reads(catalog: &Catalog, reads: &[Dependency]) -> String {
    let mut names: Vec<String> = reads
        .iter()
        .map(|read| match &read.column {
            Some(column) => format!("{}.{column}", name_of(catalog, read.relation)),
            None => name_of(catalog, read.relation),
        })
        .collect();
    names.sort();
    names.join(", ")
}

fn name_of(catalog: &Catalog, oid: Oid) -> String {
    catalog.relation(oid).map_or_else(
        || format!("#{}", oid.0),
        |relation| relation.name.to_string(),
    )
}
