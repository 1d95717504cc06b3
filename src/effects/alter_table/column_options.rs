//! ALTER COLUMN ... SET STATISTICS, SET STORAGE, SET COMPRESSION: no work, but not every type takes them
//! (`ATExecSetStatistics`, `ATExecSetStorage`, `ATExecSetCompression` in src/backend/commands/tablecmds.c).

use pg_query::NodeEnum;

use super::{Alteration, Command};
use crate::catalog::builtin::{self, TypeKind};
use crate::catalog::{BaseType, Column, Type, UserTypeKind};
use crate::effects::node;

impl<'a> Alteration<'_, 'a> {
    pub fn set_statistics(&mut self, command: &Command<'a>) {
        self.family(&command.span);
        let Some(target) = command.node.def.as_ref().and_then(|def| def.node.as_ref()) else {
            return;
        };
        if let NodeEnum::Integer(target) = target
            && target.ival < -1
        {
            let message = format!("statistics target {} is too low", target.ival);
            self.c.error("22023", message, command.span.clone());
        }
        if self
            .named_column(command)
            .is_some_and(|column| column.generated.as_ref().is_some_and(|it| !it.stored))
        {
            let message = format!(
                "cannot alter statistics on virtual generated column \"{}\"",
                command.node.name
            );
            self.c.error("0A000", message, command.span.clone());
        }
    }

    pub fn set_storage(&mut self, command: &Command<'a>) {
        self.family(&command.span);
        let Some(storage) = self.word(command) else {
            return;
        };
        let storage = storage.to_ascii_lowercase();
        if !matches!(
            storage.as_str(),
            "plain" | "external" | "extended" | "main" | "default"
        ) {
            let message = format!("invalid storage type \"{storage}\"");
            self.c.error("22023", message, command.span.clone());
            return;
        }
        if matches!(storage.as_str(), "plain" | "default") {
            return;
        }
        self.refuse_untoastable(command, "can only have storage PLAIN");
    }

    pub fn set_compression(&mut self, command: &Command<'a>) {
        let Some(method) = self.word(command) else {
            return;
        };
        // An unknown method is only noticed where the type could be compressed (`GetAttributeCompression`).
        if method.eq_ignore_ascii_case("default") {
            return;
        }
        self.refuse_untoastable(command, "does not support compression");
        if !matches!(method, "pglz" | "lz4") {
            let message = format!("invalid compression method \"{method}\"");
            self.c.error("22023", message, command.span.clone());
        }
    }

    fn refuse_untoastable(&mut self, command: &Command<'a>, what: &str) {
        let Some(column) = self.named_column(command) else {
            return;
        };
        if is_toastable(&column.ty, self.c) == Some(false) {
            let message = format!("column data type {} {what}", column.ty.base);
            self.c.error("0A000", message, command.span.clone());
        }
    }

    fn named_column(&self, command: &Command<'a>) -> Option<&'a Column> {
        self.relation(self.root)?.column(&command.node.name)
    }

    fn word(&self, command: &Command<'a>) -> Option<&'a str> {
        command.node.def.as_deref().and_then(node::string)
    }
}

/// `TypeIsToastable`: a value may be longer than a page. None: the type is not known.
fn is_toastable(ty: &Type, c: &crate::effects::Collector<'_>) -> Option<bool> {
    if ty.array {
        return Some(true);
    }
    match &ty.base {
        BaseType::Builtin(name) => {
            let found = builtin::type_named(name, c.input.version())?;
            // The vectors of system catalogs vary in length and are stored PLAIN (pg_type.dat).
            let plain = matches!(name.as_ref(), "int2vector" | "oidvector");
            Some(found.length == -1 && !plain && found.kind != TypeKind::Pseudo)
        }
        BaseType::User(oid) => match &c.input.before.user_type(*oid)?.kind {
            UserTypeKind::Enum { .. } => Some(false),
            UserTypeKind::Domain(domain) => is_toastable(&domain.base, c),
            UserTypeKind::Composite { .. }
            | UserTypeKind::Row { .. }
            | UserTypeKind::Range { .. } => Some(true),
            UserTypeKind::Base => None,
        },
        BaseType::Unknown(_) => None,
    }
}
