//! What depends on an object: the edges of pg_depend, worked out from the catalog when they are needed.

use super::object::{Object, Tie};
use crate::catalog::expression::{function_calls, reads_column, sequence_argument, type_names};
use crate::catalog::resolve::strings;
use crate::catalog::{
    BaseType, Catalog, Column, Constraint, ConstraintKind, Dependency, Index, IndexTarget, Oid,
    QualifiedName, Relation, RelationKind, Type, UserTypeKind, builtin,
};
use crate::version::PgVersion;
use pg_query::Node;

type Edges = Vec<(Object, Tie)>;

impl Catalog {
    /// The objects that depend directly on this one.
    pub(in crate::catalog) fn dependents(&self, object: &Object, version: PgVersion) -> Edges {
        let mut edges = Edges::new();
        match object {
            Object::Relation(oid) => self.dependents_of_relation(*oid, &mut edges),
            Object::Column(oid, column) => {
                self.dependents_of_column(*oid, column, version, &mut edges);
            }
            Object::Index(oid) => self.dependents_of_index(*oid, &mut edges),
            Object::Constraint(oid, name) => self.dependents_of_constraint(*oid, name, &mut edges),
            Object::Type(oid) => self.dependents_of_type(*oid, &mut edges),
            Object::Function(oid) => self.dependents_of_function(*oid, &mut edges),
            Object::Schema(name) => self.contents_of_schema(name, &mut edges),
            Object::Extension(name) => self.members_of_extension(name, &mut edges),
            Object::Collation(name) => self.dependents_of_collation(name, &mut edges),
            Object::Publication(name) => {
                let tables = self
                    .publications
                    .get(name)
                    .map(|publication| &publication.tables);
                for table in tables.into_iter().flatten() {
                    edges.push((Object::PublishedTable(name.clone(), *table), Tie::Auto));
                }
            }
            Object::Default(..)
            | Object::Trigger(..)
            | Object::Rule(..)
            | Object::Policy(..)
            | Object::DomainCheck(..)
            | Object::DomainDefault(_)
            | Object::Statistics(_)
            | Object::PublishedTable(..) => {}
        }
        edges
    }

    fn dependents_of_relation(&self, oid: Oid, edges: &mut Edges) {
        let Some(relation) = self.relation(oid) else {
            return;
        };
        for index in self.indexes_of(oid) {
            edges.push((Object::Index(index.oid), Tie::Auto));
        }
        for sequence in self.sequences_of(oid, None) {
            edges.push((Object::Relation(sequence.oid), Tie::Auto));
        }
        if let Some(row_type) = self.type_oid(&relation.name) {
            // A composite type and its relation are one: whoever drops it, drops the type.
            edges.push((Object::Type(row_type), Tie::Auto));
        }
        for child in self.children(oid) {
            let tie = if child.is_partition() {
                Tie::Auto
            } else {
                Tie::Normal
            };
            edges.push((Object::Relation(child.oid), tie));
        }
        for (referencing, constraint, _) in self.foreign_keys_to(oid) {
            let object = Object::Constraint(referencing.oid, constraint.name.clone());
            if referencing.oid != oid {
                edges.push((object, Tie::Normal));
            }
        }
        self.foreign_keys_to_whole(relation, edges);
        self.readers_where(oid, |_| true, edges);
        for (name, statistics) in &self.statistics {
            if statistics.table == oid {
                edges.push((Object::Statistics(name.as_ref().clone()), Tie::Auto));
            }
        }
        for (name, publication) in &self.publications {
            if publication.tables.contains(&oid) {
                edges.push((Object::PublishedTable(name.clone(), oid), Tie::Auto));
            }
        }
        if relation.kind == RelationKind::Sequence {
            self.dependents_of_sequence(relation, edges);
        }
        for user in self.users_of(oid) {
            if self
                .function(user)
                .is_some_and(|function| function.reads.iter().any(|read| read.relation == oid))
            {
                edges.push((Object::Function(user), Tie::Normal));
            }
        }
    }

    /// A foreign key to a partitioned table has a part for each partition, and no part can go alone
    /// (`addFkRecurseReferenced` in src/backend/commands/tablecmds.c).
    fn foreign_keys_to_whole(&self, partition: &Relation, edges: &mut Edges) {
        let mut part = partition;
        while let (true, Some(whole)) = (
            part.is_partition(),
            part.parents
                .first()
                .and_then(|&parent| self.relation(parent)),
        ) {
            let family = self.family(whole.oid);
            for (referencing, constraint, _) in self.foreign_keys_to(whole.oid) {
                if constraint.inherited == 0 && !family.contains(&referencing.oid) {
                    let object = Object::Constraint(referencing.oid, constraint.name.clone());
                    edges.push((object, Tie::Normal));
                }
            }
            part = whole;
        }
    }

    /// Defaults that call nextval() of the sequence.
    fn dependents_of_sequence(&self, sequence: &Relation, edges: &mut Edges) {
        let name = super::column::quoted(&sequence.name);
        for user in self
            .users_of(sequence.oid)
            .filter_map(|user| self.relation(user))
        {
            for column in &user.columns {
                let uses = column.default.as_ref().is_some_and(|default| {
                    function_calls(default)
                        .into_iter()
                        .filter_map(sequence_argument)
                        .any(|argument| argument == name)
                });
                if uses {
                    edges.push((Object::Default(user.oid, column.name.clone()), Tie::Normal));
                }
            }
        }
    }

    /// Views, rules, policies and functions with a read that matches.
    fn readers_where(&self, of: Oid, matches: impl Fn(&Dependency) -> bool, edges: &mut Edges) {
        let reads = |reads: &[Dependency]| {
            reads
                .iter()
                .any(|read| read.relation == of && matches(read))
        };
        let own = self.relation(of).into_iter();
        for reader in self.readers(of).chain(own) {
            if reader.oid != of && reads(&reader.reads) {
                edges.push((Object::Relation(reader.oid), Tie::Normal));
            }
            for rule in reader.rules.iter().filter(|rule| reads(&rule.reads)) {
                let tie = if reader.oid == of {
                    Tie::Auto
                } else {
                    Tie::Normal
                };
                edges.push((Object::Rule(reader.oid, rule.name.clone()), tie));
            }
            for policy in reader.policies.iter().filter(|policy| reads(&policy.reads)) {
                let tie = if reader.oid == of {
                    Tie::Auto
                } else {
                    Tie::Normal
                };
                edges.push((Object::Policy(reader.oid, policy.name.clone()), tie));
            }
        }
    }

    fn dependents_of_column(&self, oid: Oid, column: &str, version: PgVersion, edges: &mut Edges) {
        let Some(relation) = self.relation(oid) else {
            return;
        };
        edges.push((Object::Default(oid, column.to_owned()), Tie::Auto));
        for index in self.indexes_of(oid).filter(|index| index.reads(column)) {
            match self.constraint_of_index(index.oid) {
                // The constraint itself depends on plain columns only.
                Some(constraint) if !index.has_plain_column(column) => {
                    let object = Object::Constraint(oid, constraint.name.clone());
                    edges.push((object, Tie::Normal));
                }
                Some(_) => {}
                None => edges.push((Object::Index(index.oid), Tie::Auto)),
            }
        }
        for constraint in &relation.constraints {
            if self.constraint_has_column(constraint, column) {
                edges.push((Object::Constraint(oid, constraint.name.clone()), Tie::Auto));
            }
        }
        for (referencing, constraint, key) in self.foreign_keys_to(oid) {
            if key
                .referenced_columns
                .iter()
                .any(|referenced| referenced == column)
            {
                let object = Object::Constraint(referencing.oid, constraint.name.clone());
                edges.push((object, Tie::Normal));
            }
        }
        for sequence in self.sequences_of(oid, Some(column)) {
            edges.push((Object::Relation(sequence.oid), Tie::Auto));
        }
        for other in &relation.columns {
            let uses = other
                .generated
                .as_ref()
                .is_some_and(|generated| reads_column(&generated.expression, column));
            if uses && other.name != column {
                let tie = if version.major() < 15 {
                    Tie::Auto
                } else {
                    Tie::Normal
                };
                edges.push((Object::Column(oid, other.name.clone()), tie));
            }
        }
        for trigger in &relation.triggers {
            let named = trigger.columns.iter().any(|name| name == column);
            let tested = trigger
                .when
                .as_ref()
                .is_some_and(|when| reads_column(when, column));
            if named || tested {
                edges.push((Object::Trigger(oid, trigger.name.clone()), Tie::Normal));
            }
        }
        let mut readers = Edges::new();
        self.readers_where(
            oid,
            |read| read.column.as_deref() == Some(column),
            &mut readers,
        );
        // A column is dropped without its table, so the table's own policies and rules stand in the way.
        edges.extend(readers.into_iter().map(|(object, _)| (object, Tie::Normal)));
        for (name, statistics) in &self.statistics {
            if statistics.table == oid && statistics.reads(column) {
                edges.push((Object::Statistics(name.as_ref().clone()), Tie::Auto));
            }
        }
        for (name, publication) in &self.publications {
            let filters = publication.filters.iter().chain(&publication.columns);
            let mut filters = filters.filter(|read| read.relation == oid);
            if filters.any(|read| read.column.as_deref() == Some(column)) {
                edges.push((Object::PublishedTable(name.clone(), oid), Tie::Normal));
            }
        }
        for user in self.users_of(oid) {
            let reads = self.function(user).is_some_and(|function| {
                function
                    .reads
                    .iter()
                    .any(|read| read.relation == oid && read.column.as_deref() == Some(column))
            });
            if reads {
                edges.push((Object::Function(user), Tie::Normal));
            }
        }
    }

    fn constraint_has_column(&self, constraint: &Constraint, column: &str) -> bool {
        match &constraint.kind {
            ConstraintKind::Check { columns, .. } => columns.iter().any(|name| name == column),
            ConstraintKind::NotNull { column: name } => name == column,
            ConstraintKind::PrimaryKey { index }
            | ConstraintKind::Unique { index }
            | ConstraintKind::Exclusion { index } => self
                .index(*index)
                .is_some_and(|index| index.has_plain_column(column)),
            ConstraintKind::ForeignKey(key) => key.columns.iter().any(|name| name == column),
        }
    }

    fn dependents_of_index(&self, oid: Oid, edges: &mut Edges) {
        let Some(index) = self.index(oid) else {
            return;
        };
        for partition in self.children(index.table) {
            for child in self.indexes_of(partition.oid) {
                if child.parent != Some(oid) {
                    continue;
                }
                let object = match self.constraint_of_index(child.oid) {
                    Some(constraint) => Object::Constraint(partition.oid, constraint.name.clone()),
                    None => Object::Index(child.oid),
                };
                edges.push((object, Tie::Auto));
            }
        }
        for (referencing, constraint, key) in self.foreign_keys_to(index.table) {
            if key.index == Some(oid) {
                let object = Object::Constraint(referencing.oid, constraint.name.clone());
                edges.push((object, Tie::Normal));
            }
        }
    }

    fn dependents_of_constraint(&self, oid: Oid, name: &str, edges: &mut Edges) {
        let Some(relation) = self.relation(oid) else {
            return;
        };
        let Some(constraint) = relation.constraint(name) else {
            return;
        };
        if let Some(index) = constraint.kind.index() {
            edges.push((Object::Index(index), Tie::Auto));
        }
        let ConstraintKind::ForeignKey(key) = &constraint.kind else {
            return;
        };
        if relation.kind != RelationKind::PartitionedTable {
            return;
        }
        for partition in self.children(oid) {
            let copy = partition.foreign_keys().find(|(copy, own)| {
                copy.inherited > 0
                    && own.columns == key.columns
                    && own.references == key.references
                    && own.referenced_columns == key.referenced_columns
            });
            if let Some((copy, _)) = copy {
                edges.push((
                    Object::Constraint(partition.oid, copy.name.clone()),
                    Tie::Auto,
                ));
            }
        }
    }

    fn dependents_of_type(&self, oid: Oid, edges: &mut Edges) {
        let Some(ty) = self.user_type(oid) else {
            return;
        };
        let is = |other: &Type| other.base == BaseType::User(oid);
        for user in self.users_of(oid) {
            if let Some(relation) = self.relation(user) {
                for column in relation.columns.iter().filter(|column| is(&column.ty)) {
                    edges.push((Object::Column(user, column.name.clone()), Tie::Normal));
                }
                if relation.of_type == Some(oid) {
                    edges.push((Object::Relation(user), Tie::Normal));
                }
                let casts = |expression: &Node| self.casts_to(expression, &ty.name.name);
                self.expression_users(relation, casts, edges);
            }
            if let Some(function) = self.function(user) {
                let arguments = function.arguments.iter().map(|argument| &argument.ty);
                if arguments.chain(&function.returns).any(is) {
                    edges.push((Object::Function(user), Tie::Normal));
                }
            }
            if let Some(other) = self.user_type(user) {
                let uses = match &other.kind {
                    UserTypeKind::Domain(domain) => is(&domain.base),
                    UserTypeKind::Range { subtype } => is(subtype),
                    // An attribute is a column of the type's relation.
                    UserTypeKind::Composite { .. }
                    | UserTypeKind::Row { .. }
                    | UserTypeKind::Enum { .. }
                    | UserTypeKind::Base => false,
                };
                if uses {
                    edges.push((Object::Type(user), Tie::Normal));
                }
            }
        }
    }

    fn casts_to(&self, expression: &Node, name: &str) -> bool {
        type_names(expression)
            .into_iter()
            .any(|ty| strings(&ty.names).last() == Some(&name))
    }

    fn dependents_of_function(&self, oid: Oid, edges: &mut Edges) {
        let Some(function) = self.function(oid) else {
            return;
        };
        let name = function.name.name.as_str();
        let arguments = function.arguments.len();
        // Which of several functions of one name is meant cannot be told from the text alone.
        let ambiguous = self
            .functions_named(&function.name)
            .any(|other| other.oid != oid && other.accepts(arguments));
        for user in self.users_of(oid) {
            if let Some(relation) = self.relation(user) {
                for trigger in &relation.triggers {
                    if trigger.function.last().is_some_and(|called| called == name)
                        && arguments == 0
                        && !trigger.inherited
                    {
                        edges.push((Object::Trigger(user, trigger.name.clone()), Tie::Normal));
                    }
                }
                if !ambiguous {
                    let calls = |expression: &Node| calls(expression, name, function);
                    self.expression_users(relation, calls, edges);
                }
            }
            let domain = self.user_type(user).map(|ty| &ty.kind);
            if let (Some(UserTypeKind::Domain(domain)), false) = (domain, ambiguous) {
                for check in &domain.checks {
                    if calls(&check.expression, name, function) {
                        edges.push((Object::DomainCheck(user, check.name.clone()), Tie::Normal));
                    }
                }
                if domain
                    .default
                    .as_ref()
                    .is_some_and(|default| calls(default, name, function))
                {
                    edges.push((Object::DomainDefault(user), Tie::Normal));
                }
            }
        }
    }

    /// The parts of a relation whose expressions use something.
    fn expression_users(
        &self,
        relation: &Relation,
        uses: impl Fn(&Node) -> bool,
        edges: &mut Edges,
    ) {
        let oid = relation.oid;
        for column in &relation.columns {
            if column.default.as_ref().is_some_and(|default| uses(default)) {
                edges.push((Object::Default(oid, column.name.clone()), Tie::Normal));
            }
            if generates_with(column, &uses) {
                edges.push((Object::Column(oid, column.name.clone()), Tie::Normal));
            }
        }
        for constraint in &relation.constraints {
            if let ConstraintKind::Check { expression, .. } = &constraint.kind
                && uses(expression)
            {
                edges.push((
                    Object::Constraint(oid, constraint.name.clone()),
                    Tie::Normal,
                ));
            }
        }
        for index in self
            .indexes_of(oid)
            .filter(|index| index_uses(index, &uses))
        {
            edges.push((Object::Index(index.oid), Tie::Normal));
        }
        for policy in &relation.policies {
            if policy.conditions.iter().any(|condition| uses(condition)) {
                edges.push((Object::Policy(oid, policy.name.clone()), Tie::Normal));
            }
        }
        for trigger in relation
            .triggers
            .iter()
            .filter(|trigger| !trigger.inherited)
        {
            if trigger.when.as_ref().is_some_and(|when| uses(when)) {
                edges.push((Object::Trigger(oid, trigger.name.clone()), Tie::Normal));
            }
        }
        if let Some(query) = &relation.query {
            let query = Node {
                node: Some(query.as_ref().clone()),
            };
            if uses(&query) {
                edges.push((Object::Relation(oid), Tie::Normal));
            }
        }
    }

    fn contents_of_schema(&self, name: &str, edges: &mut Edges) {
        let of_schema = |relation: &&Relation| {
            relation.name.schema == name && relation.kind != RelationKind::CompositeType
        };
        for relation in self.relations().filter(of_schema) {
            edges.push((Object::Relation(relation.oid), Tie::Normal));
        }
        for ty in self.user_types().filter(|ty| ty.name.schema == name) {
            if !matches!(ty.kind, UserTypeKind::Row { .. }) {
                edges.push((Object::Type(ty.oid), Tie::Normal));
            }
        }
        for function in self
            .functions()
            .filter(|function| function.name.schema == name)
        {
            edges.push((Object::Function(function.oid), Tie::Normal));
        }
        for collation in self.collations.keys().filter(|it| it.schema == name) {
            edges.push((Object::Collation(collation.clone()), Tie::Normal));
        }
    }

    /// Columns, index keys and domains with COLLATE; the catalog keeps the name as it is written, without a schema.
    fn dependents_of_collation(&self, collation: &QualifiedName, edges: &mut Edges) {
        let is_it = |name: Option<&str>| {
            name.is_some_and(|name| name.rsplit('.').next() == Some(collation.name.as_str()))
        };
        for relation in self.relations() {
            for column in &relation.columns {
                if is_it(column.collation.as_deref()) {
                    let object = Object::Column(relation.oid, column.name.clone());
                    edges.push((object, Tie::Normal));
                }
            }
        }
        for index in self.indexes() {
            if index.keys.iter().any(|key| is_it(key.collation.as_deref())) {
                edges.push((Object::Index(index.oid), Tie::Normal));
            }
        }
        for ty in self.user_types() {
            if let UserTypeKind::Domain(domain) = &ty.kind
                && is_it(domain.collation.as_deref())
            {
                edges.push((Object::Type(ty.oid), Tie::Normal));
            }
        }
    }

    fn members_of_extension(&self, name: &str, edges: &mut Edges) {
        for ty in self.user_types() {
            if ty.extension.as_deref() == Some(name) {
                edges.push((Object::Type(ty.oid), Tie::Auto));
            }
        }
        for function in self.functions() {
            if function.extension.as_deref() == Some(name) {
                edges.push((Object::Function(function.oid), Tie::Auto));
            }
        }
        // The operator classes are not kept: what is made with them is tied to the extension itself.
        for relation in self.relations() {
            for index in self.indexes_of(relation.oid) {
                if !uses_opclass_of(name, index, relation) {
                    continue;
                }
                let object = match self.constraint_of_index(index.oid) {
                    Some(constraint) => Object::Constraint(relation.oid, constraint.name.clone()),
                    None => Object::Index(index.oid),
                };
                edges.push((object, Tie::Normal));
            }
        }
    }
}

/// Whether a key of the index has an operator class that this extension brings.
fn uses_opclass_of(extension: &str, index: &Index, relation: &Relation) -> bool {
    let Some(version) = PgVersion::all().last() else {
        return false;
    };
    let method = index.method.as_str();
    index.keys.iter().any(|key| {
        let ty = match &key.target {
            IndexTarget::Column(name) => relation
                .column(name)
                .and_then(|column| column.ty.builtin_name()),
            IndexTarget::Expression(_) => None,
        };
        let mut brought = builtin::extension_opclasses(method, version)
            .filter(|(of, _)| *of == extension)
            .map(|(_, class)| class);
        match (&key.opclass, ty) {
            (Some(written), _) => brought.any(|class| class.name == *written),
            (None, Some(ty)) => {
                let own = builtin::opclasses(method, version)
                    .any(|class| class.default && class.input == ty);
                !own && brought.any(|class| class.default && class.input == ty)
            }
            (None, None) => false,
        }
    })
}

fn generates_with(column: &Column, uses: impl Fn(&Node) -> bool) -> bool {
    column
        .generated
        .as_ref()
        .is_some_and(|generated| uses(&generated.expression))
}

fn index_uses(index: &Index, uses: impl Fn(&Node) -> bool) -> bool {
    let keys = index.keys.iter().any(|key| match &key.target {
        IndexTarget::Expression(expression) => uses(expression),
        IndexTarget::Column(_) => false,
    });
    keys || index
        .predicate
        .as_ref()
        .is_some_and(|predicate| uses(predicate))
}

/// Whether an expression calls this function: by its name, with a number of arguments that it takes.
fn calls(expression: &Node, name: &str, function: &crate::catalog::Function) -> bool {
    function_calls(expression).into_iter().any(|call| {
        strings(&call.funcname).last() == Some(&name) && function.accepts(call.args.len())
    })
}
