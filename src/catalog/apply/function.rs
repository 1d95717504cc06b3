//! Functions, procedures and aggregates.

use std::sync::Arc;

use pg_query::protobuf::{
    AlterFunctionStmt, CreateFunctionStmt, DefElem, DefineStmt, FunctionParameter,
    FunctionParameterMode as Mode, GrantStmt, GrantTargetType, ObjectType, ObjectWithArgs,
};
use pg_query::{Node, NodeEnum};

use super::spec::{option_bool, value_text};
use super::{Outcome, Replay, refuse};
use crate::catalog::builtin;
use crate::catalog::query::Reader;
use crate::catalog::resolve::{split_name, strings};
use crate::catalog::{Argument, Dependency, Function, FunctionKind, Oid, Type, Volatility};

impl Replay<'_> {
    pub(super) fn create_function(&mut self, stmt: &CreateFunctionStmt) -> Outcome {
        let parts = strings(&stmt.funcname);
        let Some((schema, name)) = split_name(&parts) else {
            return Ok(());
        };
        let name = self.new_name(schema, name)?;
        let parameters: Vec<&FunctionParameter> = stmt
            .parameters
            .iter()
            .filter_map(|node| match node.node.as_ref()? {
                NodeEnum::FunctionParameter(parameter) => Some(parameter.as_ref()),
                _ => None,
            })
            .collect();
        let arguments: Vec<Argument> = parameters
            .iter()
            .filter(|parameter| is_input(parameter.mode()))
            .map(|parameter| self.argument(parameter))
            .collect();
        let existing = self
            .catalog
            .functions_named(&name)
            .find(|function| same_types(&function.arguments, &arguments))
            .map(|function| function.oid);
        if existing.is_some() && !stmt.replace {
            return refuse(
                "42723",
                format!(
                    "function \"{}\" already exists with same argument types",
                    name.name
                ),
            );
        }
        let replaced = existing.and_then(|oid| self.catalog.function(oid)).cloned();
        let oid = existing.unwrap_or_else(|| self.catalog.new_oid());
        let birth = existing
            .and_then(|oid| self.catalog.function(oid))
            .map_or_else(|| self.birth(), |function| function.birth);
        let mut function = Function {
            oid,
            name,
            kind: if stmt.is_procedure {
                FunctionKind::Procedure
            } else {
                FunctionKind::Function
            },
            arguments,
            returns: None,
            returns_set: false,
            language: if stmt.sql_body.is_some() { "sql" } else { "" }.to_owned(),
            volatility: Volatility::Volatile,
            strict: false,
            security_definer: false,
            has_settings: false,
            definition: Arc::new(NodeEnum::CreateFunctionStmt(Box::new(stmt.clone()))),
            reads: Vec::new(),
            birth,
            extension: None,
        };
        self.result_type(stmt, &parameters, &mut function);
        if let Some(replaced) = &replaced {
            refuse_changed_function(replaced, &function)?;
        }
        apply_options(&stmt.options, &mut function);
        for argument in &function.arguments {
            self.note_type(&argument.ty, oid);
        }
        if let Some(returns) = &function.returns {
            self.note_type(returns, oid);
        }
        if let Some(body) = &stmt.sql_body {
            function.reads = self.body_reads(body, oid);
        }
        self.catalog.remove_function(oid);
        self.catalog.insert_function(function);
        Ok(())
    }

    fn argument(&self, parameter: &FunctionParameter) -> Argument {
        let ty = match &parameter.arg_type {
            Some(name) => self.catalog.resolve_type(name, &self.session.settings),
            None => Type::unknown(""),
        };
        Argument {
            name: (!parameter.name.is_empty()).then(|| parameter.name.clone()),
            ty: Type {
                modifiers: Vec::new(),
                ..ty
            },
            has_default: parameter.defexpr.is_some(),
            variadic: parameter.mode() == Mode::FuncParamVariadic,
        }
    }

    fn result_type(
        &self,
        stmt: &CreateFunctionStmt,
        parameters: &[&FunctionParameter],
        function: &mut Function,
    ) {
        let outputs: Vec<&&FunctionParameter> = parameters
            .iter()
            .filter(|parameter| is_output(parameter.mode()))
            .collect();
        let table = outputs
            .iter()
            .any(|parameter| parameter.mode() == Mode::FuncParamTable);
        function.returns_set = table || stmt.return_type.as_ref().is_some_and(|ty| ty.setof);
        if stmt.is_procedure {
            return;
        }
        function.returns = match (outputs.as_slice(), &stmt.return_type) {
            ([], Some(name)) => Some(Type {
                modifiers: Vec::new(),
                ..self.catalog.resolve_type(name, &self.session.settings)
            }),
            ([], None) => None,
            ([single], _) => Some(self.argument(single).ty),
            _ => Some(Type::builtin("record")),
        };
    }

    /// What the body of a SQL-standard function reads; other bodies are only text until they run.
    fn body_reads(&mut self, body: &Node, function: Oid) -> Vec<Dependency> {
        let mut statements = vec![body];
        let mut at = 0;
        let mut reader = Reader::new(self.catalog, &self.session.settings);
        while let Some(statement) = statements.get(at).copied() {
            match &statement.node {
                Some(NodeEnum::List(list)) => statements.extend(&list.items),
                Some(NodeEnum::ReturnStmt(stmt)) => {
                    if let Some(value) = &stmt.returnval {
                        reader.expression(value, &[]);
                    }
                }
                _ => reader.statement(statement, &[]),
            }
            at += 1;
        }
        let reads = reader.finish().reads;
        for read in &reads {
            self.catalog.note_use(read.relation, function);
        }
        for statement in statements {
            self.note_uses(statement, function);
        }
        reads
    }

    pub(super) fn alter_function(&mut self, stmt: &AlterFunctionStmt) -> Outcome {
        let Some(oid) = stmt
            .func
            .as_ref()
            .map_or(Ok(None), |function| self.find_function(function))?
        else {
            return self.missing_function(stmt.func.as_ref());
        };
        self.catalog
            .edit_function(oid, |function| apply_options(&stmt.actions, function));
        Ok(())
    }

    pub(super) fn missing_function(&self, function: Option<&ObjectWithArgs>) -> Outcome {
        let parts = function.map_or_else(Vec::new, |function| strings(&function.objname));
        self.missing_function_named(&parts)
    }

    /// Privileges are not kept, but a function that they are given on must exist.
    pub(super) fn grant(&self, stmt: &GrantStmt) -> Outcome {
        let on_functions = matches!(
            stmt.objtype(),
            ObjectType::ObjectFunction | ObjectType::ObjectProcedure | ObjectType::ObjectRoutine
        );
        if !on_functions || stmt.targtype() != GrantTargetType::AclTargetObject {
            return Ok(());
        }
        for object in &stmt.objects {
            if let Some(NodeEnum::ObjectWithArgs(function)) = &object.node
                && self.find_function(function)?.is_none()
            {
                self.missing_function(Some(function))?;
            }
        }
        Ok(())
    }

    /// 42883 for a function that certainly nobody has.
    pub(super) fn missing_function_named(&self, parts: &[&str]) -> Outcome {
        let Some((schema, name)) = split_name(parts) else {
            return Ok(());
        };
        // Functions of the system are not in the catalog, and those of an extension may be anywhere.
        if schema == Some("pg_catalog")
            || builtin::function_versions(name).is_some()
            || !self.catalog.extensions.is_empty()
        {
            return Ok(());
        }
        self.missing(schema, || {
            ("42883", format!("function {name} does not exist"))
        })
    }

    /// The function of that name and those argument types; without a list of types, the only one of
    /// that name.
    pub(super) fn find_function(&self, function: &ObjectWithArgs) -> Outcome<Option<Oid>> {
        let parts = strings(&function.objname);
        let candidates = self.functions_called(&parts);
        if function.args_unspecified {
            if candidates.len() > 1 {
                let name = parts.join(".");
                return refuse("42725", format!("function name \"{name}\" is not unique"));
            }
            return Ok(candidates.first().copied());
        }
        let types: Vec<Type> = function
            .objargs
            .iter()
            .filter_map(|node| match node.node.as_ref()? {
                NodeEnum::TypeName(name) => Some(Type {
                    modifiers: Vec::new(),
                    ..self.catalog.resolve_type(name, &self.session.settings)
                }),
                _ => None,
            })
            .collect();
        Ok(candidates.into_iter().find(|&oid| {
            self.catalog.function(oid).is_some_and(|function| {
                function.arguments.len() == types.len()
                    && function
                        .arguments
                        .iter()
                        .zip(&types)
                        .all(|(argument, ty)| argument.ty == *ty)
            })
        }))
    }

    /// CREATE AGGREGATE.
    pub(super) fn create_aggregate(&mut self, stmt: &DefineStmt) -> Outcome {
        let parts = strings(&stmt.defnames);
        let Some((schema, name)) = split_name(&parts) else {
            return Ok(());
        };
        let name = self.new_name(schema, name)?;
        let parameters = stmt
            .args
            .first()
            .and_then(|args| match args.node.as_ref()? {
                NodeEnum::List(list) => Some(list.items.as_slice()),
                _ => None,
            });
        let arguments: Vec<Argument> = parameters
            .unwrap_or_default()
            .iter()
            .filter_map(|node| match node.node.as_ref()? {
                NodeEnum::FunctionParameter(parameter) => Some(self.argument(parameter)),
                _ => None,
            })
            .collect();
        let existing = self
            .catalog
            .functions_named(&name)
            .find(|function| same_types(&function.arguments, &arguments))
            .map(|function| function.oid);
        if existing.is_some() && !stmt.replace {
            return refuse(
                "42723",
                format!(
                    "function \"{}\" already exists with same argument types",
                    name.name
                ),
            );
        }
        let oid = existing.unwrap_or_else(|| self.catalog.new_oid());
        let birth = self.birth();
        self.catalog.remove_function(oid);
        self.catalog.insert_function(Function {
            oid,
            name,
            kind: FunctionKind::Aggregate,
            arguments,
            returns: None,
            returns_set: false,
            language: "internal".to_owned(),
            volatility: Volatility::Immutable,
            strict: false,
            security_definer: false,
            has_settings: false,
            definition: Arc::new(NodeEnum::DefineStmt(stmt.clone())),
            reads: Vec::new(),
            birth,
            extension: None,
        });
        Ok(())
    }
}

/// What CREATE OR REPLACE cannot change (`ProcedureCreate` in src/backend/catalog/pg_proc.c).
fn refuse_changed_function(old: &Function, new: &Function) -> Outcome {
    let name = &old.name.name;
    if old.kind != new.kind {
        return refuse("42809", format!("cannot change routine kind of \"{name}\""));
    }
    if old.returns != new.returns || old.returns_set != new.returns_set {
        return refuse("42P13", "cannot change return type of existing function");
    }
    for (before, after) in old.arguments.iter().zip(&new.arguments) {
        if let Some(argument) = &before.name
            && after.name.as_ref() != Some(argument)
        {
            return refuse(
                "42P13",
                format!("cannot change name of input parameter \"{argument}\""),
            );
        }
        if before.has_default && !after.has_default {
            return refuse(
                "42P13",
                "cannot remove parameter defaults from existing function",
            );
        }
    }
    Ok(())
}

fn is_input(mode: Mode) -> bool {
    match mode {
        Mode::FuncParamIn
        | Mode::FuncParamInout
        | Mode::FuncParamVariadic
        | Mode::FuncParamDefault
        | Mode::Undefined => true,
        Mode::FuncParamOut | Mode::FuncParamTable => false,
    }
}

fn is_output(mode: Mode) -> bool {
    match mode {
        Mode::FuncParamOut | Mode::FuncParamInout | Mode::FuncParamTable => true,
        Mode::FuncParamIn | Mode::FuncParamVariadic | Mode::FuncParamDefault | Mode::Undefined => {
            false
        }
    }
}

fn same_types(one: &[Argument], other: &[Argument]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.ty == other.ty)
}

fn apply_options(options: &[Node], function: &mut Function) {
    for option in options {
        if let Some(NodeEnum::DefElem(option)) = &option.node {
            apply_option(option, function);
        }
    }
}

fn apply_option(option: &DefElem, function: &mut Function) {
    let text = || option.arg.as_deref().map(value_text).unwrap_or_default();
    match option.defname.as_str() {
        "language" => function.language = text().to_lowercase(),
        "volatility" => {
            function.volatility = match text().as_str() {
                "immutable" => Volatility::Immutable,
                "stable" => Volatility::Stable,
                _ => Volatility::Volatile,
            };
        }
        "strict" => function.strict = option_bool(option),
        "security" => function.security_definer = option_bool(option),
        "set" => {
            function.has_settings = !matches!(
                option.arg.as_ref().and_then(|arg| arg.node.as_ref()),
                Some(NodeEnum::VariableSetStmt(set))
                    if set.kind() == pg_query::protobuf::VariableSetKind::VarReset
                        || set.kind() == pg_query::protobuf::VariableSetKind::VarResetAll
            );
        }
        _ => {}
    }
}
