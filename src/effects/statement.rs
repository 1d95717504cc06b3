//! Which family computes the effects of a statement. The match is exhaustive: a node that a new
//! grammar brings does not compile until somebody decides.

use pg_query::NodeEnum;
use pg_query::protobuf::ObjectType;

use super::kind::kind;
use super::{Collector, Effects, Input};
use super::{
    alter_table, cluster, composite, create_table, drop, index, lock_table, other, publication,
    query, reindex, rename, sequence, statistics, transaction, trigger, truncate, types, vacuum,
    view,
};

/// The effects of one statement.
///
/// DO blocks and functions are not looked into here; the replay runs their statements one by one.
pub fn effects_of(input: Input<'_>) -> Effects {
    let mut collector = Collector::new(input, kind(input.node));
    super::syntax_version::check(&mut collector);
    if !collector.failed()
        && let NodeEnum::AlterTableStmt(stmt) = input.node
    {
        alter_table::permissions::check(stmt, &mut collector);
    }
    if !collector.failed() {
        super::pending::check(&mut collector);
    }
    if !collector.failed() {
        before_names(input.node, &mut collector);
    }
    if !collector.failed()
        // That of a subcommand waits for its turn.
        && let Some(refusal) = input.refusal.filter(|refusal| refusal.turn.is_none())
    {
        collector.error(refusal.sqlstate, refusal.message.clone(), input.span());
    }
    if !collector.failed() {
        super::enum_value::check(&mut collector);
    }
    if !collector.failed() {
        family(input.node, &mut collector);
        super::pending::note(&mut collector);
    }
    collector.finish()
}

/// What PostgreSQL looks at before it looks for the objects that the statement names.
fn before_names(node: &NodeEnum, c: &mut Collector<'_>) {
    let query = match node {
        NodeEnum::CreatePolicyStmt(stmt) => return trigger::refuse_policy_clauses(stmt, c),
        // The type of a typed table is looked for before the columns of its constraints are.
        NodeEnum::CreateStmt(stmt) => {
            if let Some((sqlstate, message)) = super::table_definition::of_type(stmt, c) {
                c.error(sqlstate, message, c.input.span());
            }
            return;
        }
        // The query is analysed before it is asked whether the name is free.
        NodeEnum::ViewStmt(stmt) => stmt.query.as_deref(),
        NodeEnum::CreateTableAsStmt(stmt) => stmt.query.as_deref(),
        _ => return,
    };
    if let Some(query) = query.and_then(|query| query.node.as_ref()) {
        query::refuse_unknown_columns(query, &[], c);
        query::refuse_query(query, Default::default(), false, c);
    }
}

fn family<'a>(node: &'a NodeEnum, c: &mut Collector<'a>) {
    use NodeEnum as N;
    match node {
        N::AlterTableStmt(stmt) => {
            alter_table::alter_table(stmt, c);
            if stmt.objtype() == ObjectType::ObjectType {
                composite::alter_typed_tables(stmt, c);
            }
        }
        N::CreateStmt(stmt) => create_table::create_table(stmt, c),
        N::CreateForeignTableStmt(stmt) => create_table::create_foreign_table(stmt, c),
        N::CreateSchemaStmt(stmt) => create_table::create_schema(stmt, c),
        N::IndexStmt(stmt) => index::create_index(stmt, c),
        N::ReindexStmt(stmt) => reindex::reindex(stmt, c),

        N::DropStmt(stmt) => drop::drop(stmt, c),
        N::DropOwnedStmt(stmt) => drop::drop_owned(stmt, c),
        N::TruncateStmt(stmt) => truncate::truncate(stmt, c),

        N::RenameStmt(stmt) => rename::rename(stmt, c),
        N::AlterObjectSchemaStmt(stmt) => rename::set_schema(stmt, c),
        N::AlterOwnerStmt(stmt) => other::owner(stmt, c),
        N::AlterObjectDependsStmt(stmt) => other::depends_on_extension(stmt, c),
        N::CommentStmt(stmt) => other::comment(stmt, c),
        N::SecLabelStmt(stmt) => other::security_label(stmt, c),
        N::GrantStmt(stmt) => other::grant(stmt, c),
        N::AlterTableMoveAllStmt(stmt) => other::move_all(stmt, c),
        N::ReassignOwnedStmt(stmt) => other::reassign_owned(stmt, c),
        N::ImportForeignSchemaStmt(_)
        | N::GrantRoleStmt(_)
        | N::AlterDefaultPrivilegesStmt(_)
        | N::CreateExtensionStmt(_)
        | N::AlterExtensionStmt(_)
        | N::AlterExtensionContentsStmt(_)
        | N::CreateFdwStmt(_)
        | N::AlterFdwStmt(_)
        | N::CreateForeignServerStmt(_)
        | N::AlterForeignServerStmt(_)
        | N::CreateUserMappingStmt(_)
        | N::AlterUserMappingStmt(_)
        | N::DropUserMappingStmt(_)
        | N::CreateAmStmt(_)
        | N::CreateEventTrigStmt(_)
        | N::AlterEventTrigStmt(_)
        | N::CreatePlangStmt(_)
        | N::CreateRoleStmt(_)
        | N::AlterRoleStmt(_)
        | N::AlterRoleSetStmt(_)
        | N::DropRoleStmt(_)
        | N::DefineStmt(_)
        | N::CreateOpClassStmt(_)
        | N::CreateOpFamilyStmt(_)
        | N::AlterOpFamilyStmt(_)
        | N::AlterCollationStmt(_)
        | N::AlterOperatorStmt(_)
        | N::CreateConversionStmt(_)
        | N::CreateCastStmt(_)
        | N::CreateTransformStmt(_)
        | N::AlterTsdictionaryStmt(_)
        | N::AlterTsconfigurationStmt(_)
        | N::AlterFunctionStmt(_)
        | N::AlterDatabaseRefreshCollStmt(_)
        | N::AlterDatabaseSetStmt(_) => {}
        N::AlterDatabaseStmt(_)
        | N::CreatedbStmt(_)
        | N::DropdbStmt(_)
        | N::CreateTableSpaceStmt(_)
        | N::DropTableSpaceStmt(_)
        | N::AlterTableSpaceOptionsStmt(_)
        | N::AlterSystemStmt(_)
        | N::DiscardStmt(_) => other::outside_transaction_only(node, c),

        N::CreateFunctionStmt(stmt) => query::create_function(stmt, c),
        N::SelectStmt(stmt) => query::select(stmt, c),
        N::InsertStmt(stmt) => query::insert(stmt, c),
        N::UpdateStmt(stmt) => query::update(stmt, c),
        N::DeleteStmt(stmt) => query::delete(stmt, c),
        N::MergeStmt(stmt) => query::merge(stmt, c),
        N::CopyStmt(stmt) => query::copy(stmt, c),
        N::CreateTableAsStmt(stmt) => query::create_table_as(stmt, c),
        N::ExplainStmt(stmt) => query::explain(stmt, c),
        N::DeclareCursorStmt(stmt) => query::declare_cursor(stmt, c),
        N::PrepareStmt(stmt) => query::prepare(stmt, c),
        N::ExecuteStmt(stmt) => query::execute(stmt, c),
        N::FetchStmt(stmt) => query::fetch(stmt, c),
        N::CallStmt(stmt) => query::call(stmt, c),

        N::ViewStmt(stmt) => view::create_view(stmt, c),
        N::RefreshMatViewStmt(stmt) => view::refresh(stmt, c),

        N::CreateTrigStmt(stmt) => trigger::create_trigger(stmt, c),
        N::RuleStmt(stmt) => trigger::create_rule(stmt, c),
        N::CreatePolicyStmt(stmt) => trigger::create_policy(stmt, c),
        N::AlterPolicyStmt(stmt) => trigger::alter_policy(stmt, c),

        N::CreateSeqStmt(stmt) => sequence::create_sequence(stmt, c),
        N::AlterSeqStmt(stmt) => sequence::alter_sequence(stmt, c),

        N::CreateDomainStmt(stmt) => types::create_domain(stmt, c),
        N::AlterDomainStmt(stmt) => types::alter_domain(stmt, c),
        N::CreateEnumStmt(stmt) => types::create_enum(stmt, c),
        N::AlterEnumStmt(stmt) => types::alter_enum(stmt, c),
        N::CompositeTypeStmt(stmt) => types::create_composite(stmt, c),
        N::CreateRangeStmt(stmt) => types::create_range(stmt, c),
        N::AlterTypeStmt(stmt) => types::alter_type(stmt, c),

        N::VacuumStmt(stmt) => vacuum::vacuum(stmt, c),
        N::ClusterStmt(stmt) => cluster::cluster(stmt, c),
        N::LockStmt(stmt) => lock_table::lock(stmt, c),
        N::CheckPointStmt(_) | N::LoadStmt(_) => {}
        N::CreateStatsStmt(stmt) => statistics::create_statistics(stmt, c),
        N::AlterStatsStmt(stmt) => statistics::alter_statistics(stmt, c),

        N::CreatePublicationStmt(stmt) => publication::create_publication(stmt, c),
        N::AlterPublicationStmt(stmt) => publication::alter_publication(stmt, c),
        N::CreateSubscriptionStmt(stmt) => publication::create_subscription(stmt, c),
        N::AlterSubscriptionStmt(stmt) => publication::alter_subscription(stmt, c),
        N::DropSubscriptionStmt(stmt) => publication::drop_subscription(stmt, c),

        N::TransactionStmt(stmt) => transaction::transaction(stmt, c),
        N::VariableSetStmt(stmt) => transaction::set(stmt, c),
        N::ConstraintsSetStmt(stmt) => super::pending::set_constraints(stmt, c),
        N::VariableShowStmt(stmt) => transaction::show(stmt, c),
        N::NotifyStmt(_)
        | N::ListenStmt(_)
        | N::UnlistenStmt(_)
        | N::ClosePortalStmt(_)
        | N::DeallocateStmt(_) => {}
        N::DoStmt(_) => {}

        // Not statements: parts of them. The grammar never puts one at the top.
        N::Alias(_)
        | N::RangeVar(_)
        | N::TableFunc(_)
        | N::IntoClause(_)
        | N::Var(_)
        | N::Param(_)
        | N::Aggref(_)
        | N::GroupingFunc(_)
        | N::WindowFunc(_)
        | N::WindowFuncRunCondition(_)
        | N::MergeSupportFunc(_)
        | N::SubscriptingRef(_)
        | N::FuncExpr(_)
        | N::NamedArgExpr(_)
        | N::OpExpr(_)
        | N::DistinctExpr(_)
        | N::NullIfExpr(_)
        | N::ScalarArrayOpExpr(_)
        | N::BoolExpr(_)
        | N::SubLink(_)
        | N::SubPlan(_)
        | N::AlternativeSubPlan(_)
        | N::FieldSelect(_)
        | N::FieldStore(_)
        | N::RelabelType(_)
        | N::CoerceViaIo(_)
        | N::ArrayCoerceExpr(_)
        | N::ConvertRowtypeExpr(_)
        | N::CollateExpr(_)
        | N::CaseExpr(_)
        | N::CaseWhen(_)
        | N::CaseTestExpr(_)
        | N::ArrayExpr(_)
        | N::RowExpr(_)
        | N::RowCompareExpr(_)
        | N::CoalesceExpr(_)
        | N::MinMaxExpr(_)
        | N::SqlvalueFunction(_)
        | N::XmlExpr(_)
        | N::JsonFormat(_)
        | N::JsonReturning(_)
        | N::JsonValueExpr(_)
        | N::JsonConstructorExpr(_)
        | N::JsonIsPredicate(_)
        | N::JsonBehavior(_)
        | N::JsonExpr(_)
        | N::JsonTablePath(_)
        | N::JsonTablePathScan(_)
        | N::JsonTableSiblingJoin(_)
        | N::NullTest(_)
        | N::BooleanTest(_)
        | N::MergeAction(_)
        | N::CoerceToDomain(_)
        | N::CoerceToDomainValue(_)
        | N::SetToDefault(_)
        | N::CurrentOfExpr(_)
        | N::NextValueExpr(_)
        | N::InferenceElem(_)
        | N::ReturningExpr(_)
        | N::TargetEntry(_)
        | N::RangeTblRef(_)
        | N::JoinExpr(_)
        | N::FromExpr(_)
        | N::OnConflictExpr(_)
        | N::Query(_)
        | N::TypeName(_)
        | N::ColumnRef(_)
        | N::ParamRef(_)
        | N::AExpr(_)
        | N::TypeCast(_)
        | N::CollateClause(_)
        | N::RoleSpec(_)
        | N::FuncCall(_)
        | N::AStar(_)
        | N::AIndices(_)
        | N::AIndirection(_)
        | N::AArrayExpr(_)
        | N::ResTarget(_)
        | N::MultiAssignRef(_)
        | N::SortBy(_)
        | N::WindowDef(_)
        | N::RangeSubselect(_)
        | N::RangeFunction(_)
        | N::RangeTableFunc(_)
        | N::RangeTableFuncCol(_)
        | N::RangeTableSample(_)
        | N::ColumnDef(_)
        | N::TableLikeClause(_)
        | N::IndexElem(_)
        | N::DefElem(_)
        | N::LockingClause(_)
        | N::XmlSerialize(_)
        | N::PartitionElem(_)
        | N::PartitionSpec(_)
        | N::PartitionBoundSpec(_)
        | N::PartitionRangeDatum(_)
        | N::PartitionCmd(_)
        | N::RangeTblEntry(_)
        | N::RtepermissionInfo(_)
        | N::RangeTblFunction(_)
        | N::TableSampleClause(_)
        | N::WithCheckOption(_)
        | N::SortGroupClause(_)
        | N::GroupingSet(_)
        | N::WindowClause(_)
        | N::RowMarkClause(_)
        | N::WithClause(_)
        | N::InferClause(_)
        | N::OnConflictClause(_)
        | N::CtesearchClause(_)
        | N::CtecycleClause(_)
        | N::CommonTableExpr(_)
        | N::MergeWhenClause(_)
        | N::ReturningOption(_)
        | N::ReturningClause(_)
        | N::TriggerTransition(_)
        | N::JsonOutput(_)
        | N::JsonArgument(_)
        | N::JsonFuncExpr(_)
        | N::JsonTablePathSpec(_)
        | N::JsonTable(_)
        | N::JsonTableColumn(_)
        | N::JsonKeyValue(_)
        | N::JsonParseExpr(_)
        | N::JsonScalarExpr(_)
        | N::JsonSerializeExpr(_)
        | N::JsonObjectConstructor(_)
        | N::JsonArrayConstructor(_)
        | N::JsonArrayQueryConstructor(_)
        | N::JsonAggConstructor(_)
        | N::JsonObjectAgg(_)
        | N::JsonArrayAgg(_)
        | N::RawStmt(_)
        | N::SetOperationStmt(_)
        | N::ReturnStmt(_)
        | N::PlassignStmt(_)
        | N::AlterTableCmd(_)
        | N::AtalterConstraint(_)
        | N::ReplicaIdentityStmt(_)
        | N::ObjectWithArgs(_)
        | N::AccessPriv(_)
        | N::Constraint(_)
        | N::CreateOpClassItem(_)
        | N::StatsElem(_)
        | N::FunctionParameter(_)
        | N::InlineCodeBlock(_)
        | N::CallContext(_)
        | N::VacuumRelation(_)
        | N::PublicationTable(_)
        | N::PublicationObjSpec(_)
        | N::Integer(_)
        | N::Float(_)
        | N::Boolean(_)
        | N::String(_)
        | N::BitString(_)
        | N::List(_)
        | N::IntList(_)
        | N::OidList(_)
        | N::AConst(_) => c.assume("not a statement that humdrum models: assumed to do anything"),
    }
}
