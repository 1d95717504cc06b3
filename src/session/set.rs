//! SET, RESET, DISCARD ALL and set_config() (src/backend/utils/misc/guc_funcs.c).

use pg_query::protobuf::{
    AConst, DiscardMode, DiscardStmt, FuncCall, SelectStmt, VariableSetKind, VariableSetStmt,
    a_const::Val,
};
use pg_query::{Node, NodeEnum};

use super::transaction::Step;
use super::{Session, Settings, Timeout, TimeoutOrigin, Transaction, value};

/// A setting that humdrum follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    LockTimeout,
    StatementTimeout,
    IdleInTransactionSessionTimeout,
    TransactionTimeout,
    SearchPath,
    TimeZone,
    CheckFunctionBodies,
    RowSecurity,
    /// SET ROLE and SET SESSION AUTHORIZATION.
    Role,
}

/// How long a new value lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Session,
    Local,
}

impl Session {
    pub(super) fn set(&mut self, stmt: &VariableSetStmt) -> Step {
        use VariableSetKind as K;
        let scope = if stmt.is_local {
            Scope::Local
        } else {
            Scope::Session
        };
        match stmt.kind() {
            K::VarResetAll => self.reset_all(),
            K::VarSetDefault | K::VarReset => {
                if let Some(setting) = Setting::named(&stmt.name) {
                    self.assign(setting, scope, |settings, reset| {
                        setting.copy(reset, settings)
                    });
                }
            }
            K::VarSetValue => {
                if let Some(setting) = Setting::named(&stmt.name) {
                    self.set_value(setting, scope, &stmt.args);
                }
            }
            // SET TRANSACTION and SESSION CHARACTERISTICS hold none of these settings, and FROM
            // CURRENT is for functions.
            K::VarSetMulti | K::VarSetCurrent | K::Undefined => {}
        }
        Step::Stays
    }

    pub(super) fn discard(&mut self, stmt: &DiscardStmt) -> Step {
        if stmt.target() == DiscardMode::DiscardAll {
            self.reset_all();
            self.kept.discard();
        }
        Step::Stays
    }

    /// `SELECT set_config('lock_timeout', '2s', false)`; other calls of the statement count too.
    pub(super) fn set_config(&mut self, stmt: &SelectStmt) -> Step {
        for target in &stmt.target_list {
            if let Some(NodeEnum::ResTarget(target)) = &target.node
                && let Some(NodeEnum::FuncCall(call)) =
                    target.val.as_ref().and_then(|val| val.node.as_ref())
            {
                self.call_set_config(call);
            }
        }
        Step::Stays
    }

    fn call_set_config(&mut self, call: &FuncCall) {
        if !is_set_config(call) {
            return;
        }
        let [name, new, is_local] = call.args.as_slice() else {
            return;
        };
        let Some(setting) = text(name).and_then(|name| Setting::named(&name)) else {
            return;
        };
        let scope = match value::boolean(is_local) {
            Some(true) => Scope::Local,
            Some(false) => Scope::Session,
            None => return,
        };
        if is_null(new) {
            self.assign(setting, scope, |settings, reset| {
                setting.copy(reset, settings)
            });
            return;
        }
        let Some(new) = text(new) else {
            return;
        };
        match setting {
            Setting::SearchPath => {
                if let Some(path) = value::search_path(&new) {
                    self.set_search_path(scope, path);
                }
            }
            Setting::TimeZone => self.set_time_zone(scope, Some(value::time_zone(&new))),
            Setting::CheckFunctionBodies | Setting::RowSecurity => {
                self.set_boolean(setting, scope, &new);
            }
            Setting::Role => self.set_role(scope, &new),
            Setting::LockTimeout
            | Setting::StatementTimeout
            | Setting::IdleInTransactionSessionTimeout
            | Setting::TransactionTimeout => self.set_timeout(setting, scope, &new),
        }
    }

    fn set_value(&mut self, setting: Setting, scope: Scope, args: &[Node]) {
        match setting {
            // Each argument is one name already, quoted or not: 'a, b' is a single schema.
            Setting::SearchPath => {
                if let Some(names) = args.iter().map(text).collect::<Option<Vec<_>>>() {
                    self.set_search_path(scope, value::searched(names));
                }
            }
            Setting::TimeZone => {
                if let [zone] = args {
                    self.set_time_zone(scope, time_zone(zone));
                }
            }
            Setting::CheckFunctionBodies | Setting::RowSecurity => {
                if let [new] = args
                    && let Some(new) = text(new)
                {
                    self.set_boolean(setting, scope, &new);
                }
            }
            Setting::Role => {
                if let [new] = args
                    && let Some(new) = text(new)
                {
                    self.set_role(scope, &new);
                }
            }
            Setting::LockTimeout
            | Setting::StatementTimeout
            | Setting::IdleInTransactionSessionTimeout
            | Setting::TransactionTimeout => {
                if let [new] = args
                    && let Some(new) = text(new)
                {
                    self.set_timeout(setting, scope, &new);
                }
            }
        }
    }

    /// A value that PostgreSQL refuses changes nothing.
    fn set_timeout(&mut self, setting: Setting, scope: Scope, new: &str) {
        let Some(limit) = value::timeout(new) else {
            return;
        };
        let origin = match scope {
            Scope::Session => TimeoutOrigin::Session,
            Scope::Local => TimeoutOrigin::Local,
        };
        let new = Timeout {
            value: Some(limit).filter(|limit| !limit.is_zero()),
            origin,
        };
        self.assign(setting, scope, |settings, _| {
            if let Some(timeout) = setting.timeout(settings) {
                *timeout = new;
            }
        });
    }

    fn set_search_path(&mut self, scope: Scope, path: Vec<String>) {
        self.assign(Setting::SearchPath, scope, |settings, _| {
            settings.search_path.clone_from(&path);
        });
    }

    fn set_time_zone(&mut self, scope: Scope, zone: Option<String>) {
        self.assign(Setting::TimeZone, scope, |settings, _| {
            settings.time_zone.clone_from(&zone);
        });
    }

    fn set_boolean(&mut self, setting: Setting, scope: Scope, new: &str) {
        let Some(new) = value::boolean_word(new) else {
            return;
        };
        self.assign(setting, scope, |settings, _| match setting {
            Setting::CheckFunctionBodies => settings.checks_function_bodies = new,
            _ => settings.row_security = new,
        });
    }

    fn set_role(&mut self, scope: Scope, new: &str) {
        let role = Some(new.to_owned()).filter(|role| role != "none");
        self.assign(Setting::Role, scope, |settings, _| {
            settings.role.clone_from(&role);
        });
    }

    /// The role stays (`GUC_NO_RESET_ALL`).
    fn reset_all(&mut self) {
        for setting in Setting::ALL {
            self.assign(setting, Scope::Session, |settings, reset| {
                setting.copy(reset, settings);
            });
        }
    }

    /// Outside a transaction block a local value is gone when its statement ends, so it changes
    /// nothing. A session value also replaces a local one of the same transaction.
    fn assign(
        &mut self,
        setting: Setting,
        scope: Scope,
        change: impl Fn(&mut Settings, &Settings),
    ) {
        if scope == Scope::Local && !self.in_block() {
            return;
        }
        let before = self.settings.clone();
        change(&mut self.settings, &self.reset);
        setting.follow(&before, &mut self.settings);
        if let Transaction::Open(block) = &mut self.transaction
            && scope == Scope::Session
        {
            setting.copy(&self.settings, &mut block.settings_at_commit);
        }
    }
}

/// The value of a timeout that PostgreSQL refuses: no number, a unit that is none, out of range.
pub fn refused_timeout(stmt: &VariableSetStmt) -> Option<String> {
    let is_timeout = matches!(
        Setting::named(&stmt.name)?,
        Setting::LockTimeout
            | Setting::StatementTimeout
            | Setting::IdleInTransactionSessionTimeout
            | Setting::TransactionTimeout
    );
    let [new] = stmt.args.as_slice() else {
        return None;
    };
    if !is_timeout || stmt.kind() != VariableSetKind::VarSetValue {
        return None;
    }
    let new = text(new)?;
    value::timeout(&new).is_none().then_some(new)
}

impl Setting {
    const ALL: [Setting; 8] = [
        Setting::LockTimeout,
        Setting::StatementTimeout,
        Setting::IdleInTransactionSessionTimeout,
        Setting::TransactionTimeout,
        Setting::SearchPath,
        Setting::TimeZone,
        Setting::CheckFunctionBodies,
        Setting::RowSecurity,
    ];

    /// Names of settings are compared without regard to case.
    fn named(name: &str) -> Option<Setting> {
        match name.to_ascii_lowercase().as_str() {
            "lock_timeout" => Some(Setting::LockTimeout),
            "statement_timeout" => Some(Setting::StatementTimeout),
            "idle_in_transaction_session_timeout" => Some(Setting::IdleInTransactionSessionTimeout),
            "transaction_timeout" => Some(Setting::TransactionTimeout),
            "search_path" => Some(Setting::SearchPath),
            "timezone" => Some(Setting::TimeZone),
            "check_function_bodies" => Some(Setting::CheckFunctionBodies),
            "row_security" => Some(Setting::RowSecurity),
            "role" | "session_authorization" => Some(Setting::Role),
            _ => None,
        }
    }

    fn timeout(self, settings: &mut Settings) -> Option<&mut Timeout> {
        match self {
            Setting::LockTimeout => Some(&mut settings.lock_timeout),
            Setting::StatementTimeout => Some(&mut settings.statement_timeout),
            Setting::IdleInTransactionSessionTimeout => {
                Some(&mut settings.idle_in_transaction_session_timeout)
            }
            Setting::TransactionTimeout => Some(&mut settings.transaction_timeout),
            Setting::SearchPath
            | Setting::TimeZone
            | Setting::CheckFunctionBodies
            | Setting::RowSecurity
            | Setting::Role => None,
        }
    }

    fn copy(self, from: &Settings, to: &mut Settings) {
        match self {
            Setting::LockTimeout => to.lock_timeout = from.lock_timeout,
            Setting::StatementTimeout => to.statement_timeout = from.statement_timeout,
            Setting::IdleInTransactionSessionTimeout => {
                to.idle_in_transaction_session_timeout = from.idle_in_transaction_session_timeout;
            }
            Setting::TransactionTimeout => to.transaction_timeout = from.transaction_timeout,
            Setting::SearchPath => to.search_path.clone_from(&from.search_path),
            Setting::TimeZone => to.time_zone.clone_from(&from.time_zone),
            Setting::CheckFunctionBodies => {
                to.checks_function_bodies = from.checks_function_bodies;
            }
            Setting::RowSecurity => to.row_security = from.row_security,
            Setting::Role => to.role.clone_from(&from.role),
        }
    }

    fn follow(self, before: &Settings, after: &mut Settings) {
        let mut before = before.clone();
        if let (Some(before), Some(after)) = (self.timeout(&mut before), self.timeout(after)) {
            *after = after.following(*before);
        }
    }
}

fn is_set_config(call: &FuncCall) -> bool {
    let names: Vec<&str> = call
        .funcname
        .iter()
        .filter_map(|name| match name.node.as_ref()? {
            NodeEnum::String(name) => Some(name.sval.as_str()),
            _ => None,
        })
        .collect();
    matches!(
        names.as_slice(),
        ["set_config"] | ["pg_catalog", "set_config"]
    )
}

fn constant(node: &Node) -> Option<&AConst> {
    match node.node.as_ref()? {
        NodeEnum::AConst(constant) => Some(constant),
        NodeEnum::TypeCast(cast) => constant(cast.arg.as_deref()?),
        _ => None,
    }
}

/// The value of a constant as SET takes it: text.
fn text(node: &Node) -> Option<String> {
    match constant(node)?.val.as_ref()? {
        Val::Ival(number) => Some(number.ival.to_string()),
        Val::Fval(number) => Some(number.fval.clone()),
        Val::Sval(string) => Some(string.sval.clone()),
        Val::Boolval(boolean) => Some(boolean.boolval.to_string()),
        Val::Bsval(_) => None,
    }
}

fn is_null(node: &Node) -> bool {
    constant(node).is_some_and(|constant| constant.isnull)
}

/// `SET TIME ZONE 'UTC'`, a number of hours, or `INTERVAL '...'`. None when it cannot be told.
fn time_zone(node: &Node) -> Option<String> {
    let given = text(node)?;
    if matches!(node.node.as_ref()?, NodeEnum::TypeCast(_)) {
        return value::interval_time_zone(&given);
    }
    Some(value::time_zone(&given))
}
