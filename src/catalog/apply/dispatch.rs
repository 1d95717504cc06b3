//! Which family changes the catalog. The match is exhaustive: a node that a new grammar brings does not
//! compile until somebody decides.

use pg_query::NodeEnum;
use pg_query::protobuf::ObjectType;

use super::{Outcome, Replay};
use crate::catalog::resolve::strings;

impl Replay<'_> {
    pub(super) fn statement(&mut self, node: &NodeEnum) -> Outcome {
        use NodeEnum as N;
        match node {
            N::CreateStmt(stmt) => self.create_table(stmt),
            N::CreateForeignTableStmt(stmt) => self.create_foreign_table(stmt),
            N::ClusterStmt(stmt) => {
                self.cluster(stmt);
                Ok(())
            }
            N::AlterTableStmt(stmt) => {
                self.alter_table(stmt)?;
                self.sync_altered_composite(stmt);
                Ok(())
            }
            N::IndexStmt(stmt) => self.create_index(stmt),
            N::CreateSchemaStmt(stmt) => self.create_schema(stmt),
            N::CreateSeqStmt(stmt) => self.create_sequence(stmt),
            N::AlterSeqStmt(stmt) => self.alter_sequence(stmt),
            N::ViewStmt(stmt) => self.create_view(stmt),
            N::CreateTableAsStmt(stmt) => self.create_table_as(stmt),
            N::RefreshMatViewStmt(stmt) => self.refresh(stmt),
            N::CreateStatsStmt(stmt) => self.create_statistics(stmt),

            N::DropStmt(stmt) => self.drop(stmt),
            N::RenameStmt(stmt) => self.rename(stmt),
            N::AlterObjectSchemaStmt(stmt) => self.set_schema(stmt),

            N::CreateEnumStmt(stmt) => self.create_enum(stmt),
            N::AlterEnumStmt(stmt) => self.alter_enum(stmt),
            N::CreateDomainStmt(stmt) => self.create_domain(stmt),
            N::AlterDomainStmt(stmt) => self.alter_domain(stmt),
            N::CompositeTypeStmt(stmt) => self.create_composite(stmt),
            N::CreateRangeStmt(stmt) => self.create_range(stmt),
            N::DefineStmt(stmt) => match stmt.kind() {
                ObjectType::ObjectType => self.create_base_type(stmt),
                ObjectType::ObjectAggregate => self.create_aggregate(stmt),
                ObjectType::ObjectCollation => self.create_collation(stmt),
                // Operators and text search objects are not kept.
                _ => Ok(()),
            },

            N::CreateFunctionStmt(stmt) => self.create_function(stmt),
            N::AlterFunctionStmt(stmt) => self.alter_function(stmt),
            N::GrantStmt(stmt) => self.grant(stmt),
            N::CreateEventTrigStmt(stmt) => self.require_function(&stmt.funcname),
            N::CreateTrigStmt(stmt) => self.create_trigger(stmt),
            N::RuleStmt(stmt) => self.create_rule(stmt),
            N::CreatePolicyStmt(stmt) => self.create_policy(stmt),
            N::AlterPolicyStmt(stmt) => self.alter_policy(stmt),

            N::CreateExtensionStmt(stmt) => self.create_extension(stmt),
            N::AlterExtensionStmt(stmt) => self.alter_extension(stmt),
            N::CreatePublicationStmt(stmt) => self.create_publication(stmt),
            N::AlterPublicationStmt(stmt) => self.alter_publication(stmt),

            N::InsertStmt(stmt) => self.insert(stmt),
            N::MergeStmt(stmt) => self.merge(stmt),
            N::CopyStmt(stmt) => self.copy(stmt),
            N::TruncateStmt(stmt) => self.truncate(stmt),
            N::SelectStmt(stmt) => self.select(stmt),
            N::UpdateStmt(_) | N::DeleteStmt(_) => {
                let whole = whole(node);
                self.read_query(&whole)?;
                self.written_by_ctes(Some(&whole))
            }

            // What these run cannot be told from their own text; the replay follows it.
            N::DoStmt(_) | N::CallStmt(_) | N::ExecuteStmt(_) => {
                self.catalog.complete = false;
                Ok(())
            }
            // EXPLAIN ANALYZE of CREATE TABLE AS does create the table.
            N::ExplainStmt(stmt) => self.explain(stmt),

            // Transaction control and settings are the session's.
            N::TransactionStmt(_)
            | N::VariableSetStmt(_)
            | N::VariableShowStmt(_)
            | N::ConstraintsSetStmt(_)
            | N::DiscardStmt(_) => Ok(()),

            // Objects that the catalog does not keep, and statements that change none.
            N::AlterOwnerStmt(stmt) => self.require_owned(stmt),
            N::AlterStatsStmt(stmt) if stmt.missing_ok => Ok(()),
            N::AlterStatsStmt(stmt) => self.require_statistics(&strings(&stmt.defnames)),
            N::AlterObjectDependsStmt(_)
            | N::AlterTableMoveAllStmt(_)
            | N::AlterTypeStmt(_)
            | N::AlterExtensionContentsStmt(_)
            | N::CommentStmt(_)
            | N::SecLabelStmt(_)
            | N::GrantRoleStmt(_)
            | N::AlterDefaultPrivilegesStmt(_)
            | N::ReassignOwnedStmt(_)
            | N::CreateFdwStmt(_)
            | N::AlterFdwStmt(_)
            | N::CreateForeignServerStmt(_)
            | N::AlterForeignServerStmt(_)
            | N::CreateUserMappingStmt(_)
            | N::AlterUserMappingStmt(_)
            | N::DropUserMappingStmt(_)
            | N::AlterEventTrigStmt(_)
            | N::CreatePlangStmt(_)
            | N::CreateRoleStmt(_)
            | N::AlterRoleStmt(_)
            | N::AlterRoleSetStmt(_)
            | N::DropRoleStmt(_)
            | N::AlterCollationStmt(_)
            | N::AlterOperatorStmt(_)
            | N::CreateConversionStmt(_)
            | N::CreateTransformStmt(_)
            | N::AlterTsdictionaryStmt(_)
            | N::AlterTsconfigurationStmt(_)
            | N::CreateSubscriptionStmt(_)
            | N::AlterSubscriptionStmt(_)
            | N::DropSubscriptionStmt(_)
            | N::CreatedbStmt(_)
            | N::AlterDatabaseStmt(_)
            | N::AlterDatabaseRefreshCollStmt(_)
            | N::AlterDatabaseSetStmt(_)
            | N::DropdbStmt(_)
            | N::AlterSystemStmt(_)
            | N::CreateTableSpaceStmt(_)
            | N::DropTableSpaceStmt(_)
            | N::AlterTableSpaceOptionsStmt(_)
            | N::VacuumStmt(_)
            | N::ReindexStmt(_)
            | N::LockStmt(_)
            | N::CheckPointStmt(_)
            | N::LoadStmt(_)
            | N::NotifyStmt(_)
            | N::ListenStmt(_)
            | N::UnlistenStmt(_)
            | N::DeclareCursorStmt(_)
            | N::ClosePortalStmt(_)
            | N::FetchStmt(_)
            | N::PrepareStmt(_)
            | N::DeallocateStmt(_) => Ok(()),

            N::CreateAmStmt(_)
            | N::CreateOpClassStmt(_)
            | N::CreateOpFamilyStmt(_)
            | N::AlterOpFamilyStmt(_)
            | N::CreateCastStmt(_) => {
                self.catalog.customized = true;
                Ok(())
            }

            // They bring or take objects that their text does not name.
            N::ImportForeignSchemaStmt(_) | N::DropOwnedStmt(_) => {
                self.catalog.complete = false;
                Ok(())
            }

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
            | N::AConst(_) => Ok(()),
        }
    }
}

fn whole(node: &NodeEnum) -> pg_query::Node {
    pg_query::Node {
        node: Some(node.clone()),
    }
}
