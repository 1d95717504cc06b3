//! What queries, DML and expressions hold.

use pg_query::NodeRef as R;

use super::{Children, statement};

pub(super) fn children<'a>(node: R<'a>, into: &mut Children<'a>) {
    match node {
        R::List(n) => {
            into.list(&n.items);
        }
        R::OidList(n) => {
            into.list(&n.items);
        }
        R::IntList(n) => {
            into.list(&n.items);
        }
        R::IntoClause(n) => {
            into.part(n.rel.as_ref().map(R::RangeVar)).list(&n.options);
        }
        R::GroupingFunc(n) => {
            into.list(&n.args);
        }
        R::NamedArgExpr(n) => {
            into.node(n.arg.as_deref());
        }
        R::BoolExpr(n) => {
            into.list(&n.args);
        }
        R::SubLink(n) => {
            into.node(n.testexpr.as_deref())
                .node(n.subselect.as_deref());
        }
        R::CaseExpr(n) => {
            into.node(n.arg.as_deref())
                .list(&n.args)
                .node(n.defresult.as_deref());
        }
        R::CaseWhen(n) => {
            into.node(n.expr.as_deref()).node(n.result.as_deref());
        }
        R::RowExpr(n) => {
            into.list(&n.args);
        }
        R::CoalesceExpr(n) => {
            into.list(&n.args);
        }
        R::MinMaxExpr(n) => {
            into.list(&n.args);
        }
        R::XmlExpr(n) => {
            into.list(&n.named_args).list(&n.args);
        }
        R::JsonValueExpr(n) => {
            into.node(n.raw_expr.as_deref())
                .node(n.formatted_expr.as_deref());
        }
        R::JsonIsPredicate(n) => {
            into.node(n.expr.as_deref());
        }
        R::JsonBehavior(n) => {
            into.node(n.expr.as_deref());
        }
        R::NullTest(n) => {
            into.node(n.arg.as_deref());
        }
        R::BooleanTest(n) => {
            into.node(n.arg.as_deref());
        }
        R::JoinExpr(n) => {
            into.node(n.larg.as_deref())
                .node(n.rarg.as_deref())
                .list(&n.using_clause)
                .node(n.quals.as_deref());
        }
        R::AExpr(n) => {
            into.node(n.lexpr.as_deref()).node(n.rexpr.as_deref());
        }
        R::TypeCast(n) => {
            into.node(n.arg.as_deref())
                .part(n.type_name.as_ref().map(R::TypeName));
        }
        R::CollateClause(n) => {
            into.node(n.arg.as_deref());
        }
        R::FuncCall(n) => {
            into.list(&n.args)
                .list(&n.agg_order)
                .node(n.agg_filter.as_deref())
                .part(n.over.as_deref().map(R::WindowDef));
        }
        R::AIndices(n) => {
            into.node(n.lidx.as_deref()).node(n.uidx.as_deref());
        }
        R::AIndirection(n) => {
            into.node(n.arg.as_deref()).list(&n.indirection);
        }
        R::AArrayExpr(n) => {
            into.list(&n.elements);
        }
        R::ResTarget(n) => {
            into.list(&n.indirection).node(n.val.as_deref());
        }
        R::MultiAssignRef(n) => {
            into.node(n.source.as_deref());
        }
        R::SortBy(n) => {
            into.node(n.node.as_deref());
        }
        R::WindowDef(n) => {
            into.list(&n.partition_clause)
                .list(&n.order_clause)
                .node(n.start_offset.as_deref())
                .node(n.end_offset.as_deref());
        }
        R::RangeSubselect(n) => {
            into.node(n.subquery.as_deref());
        }
        R::RangeFunction(n) => {
            into.list(&n.functions).list(&n.coldeflist);
        }
        R::RangeTableFunc(n) => {
            into.node(n.docexpr.as_deref())
                .node(n.rowexpr.as_deref())
                .list(&n.namespaces)
                .list(&n.columns);
        }
        R::RangeTableFuncCol(n) => {
            into.part(n.type_name.as_ref().map(R::TypeName))
                .node(n.colexpr.as_deref())
                .node(n.coldefexpr.as_deref());
        }
        R::RangeTableSample(n) => {
            into.node(n.relation.as_deref())
                .list(&n.args)
                .node(n.repeatable.as_deref());
        }
        R::LockingClause(n) => {
            into.list(&n.locked_rels);
        }
        R::XmlSerialize(n) => {
            into.node(n.expr.as_deref())
                .part(n.type_name.as_ref().map(R::TypeName));
        }
        R::GroupingSet(n) => {
            into.list(&n.content);
        }
        R::WithClause(n) => {
            into.list(&n.ctes);
        }
        R::InferClause(n) => {
            into.list(&n.index_elems).node(n.where_clause.as_deref());
        }
        R::OnConflictClause(n) => {
            into.part(n.infer.as_deref().map(R::InferClause))
                .list(&n.target_list)
                .node(n.where_clause.as_deref());
        }
        R::CtecycleClause(n) => {
            into.node(n.cycle_mark_value.as_deref())
                .node(n.cycle_mark_default.as_deref());
        }
        R::CommonTableExpr(n) => {
            into.node(n.ctequery.as_deref())
                .part(n.search_clause.as_ref().map(R::CtesearchClause))
                .part(n.cycle_clause.as_deref().map(R::CtecycleClause));
        }
        R::MergeWhenClause(n) => {
            into.node(n.condition.as_deref())
                .list(&n.target_list)
                .list(&n.values);
        }
        R::ReturningClause(n) => {
            into.list(&n.options).list(&n.exprs);
        }
        R::JsonOutput(n) => {
            into.part(n.type_name.as_ref().map(R::TypeName));
        }
        R::JsonArgument(n) => {
            into.part(n.val.as_deref().map(R::JsonValueExpr));
        }
        R::JsonFuncExpr(n) => {
            into.part(n.context_item.as_deref().map(R::JsonValueExpr))
                .node(n.pathspec.as_deref())
                .list(&n.passing)
                .part(n.output.as_ref().map(R::JsonOutput))
                .part(n.on_empty.as_deref().map(R::JsonBehavior))
                .part(n.on_error.as_deref().map(R::JsonBehavior));
        }
        R::JsonTablePathSpec(n) => {
            into.node(n.string.as_deref());
        }
        R::JsonTable(n) => {
            into.part(n.context_item.as_deref().map(R::JsonValueExpr))
                .part(n.pathspec.as_deref().map(R::JsonTablePathSpec))
                .list(&n.passing)
                .list(&n.columns)
                .part(n.on_error.as_deref().map(R::JsonBehavior));
        }
        R::JsonTableColumn(n) => {
            into.part(n.type_name.as_ref().map(R::TypeName))
                .part(n.pathspec.as_deref().map(R::JsonTablePathSpec))
                .list(&n.columns)
                .part(n.on_empty.as_deref().map(R::JsonBehavior))
                .part(n.on_error.as_deref().map(R::JsonBehavior));
        }
        R::JsonKeyValue(n) => {
            into.node(n.key.as_deref())
                .part(n.value.as_deref().map(R::JsonValueExpr));
        }
        R::JsonParseExpr(n) => {
            into.part(n.expr.as_deref().map(R::JsonValueExpr))
                .part(n.output.as_ref().map(R::JsonOutput));
        }
        R::JsonScalarExpr(n) => {
            into.node(n.expr.as_deref())
                .part(n.output.as_ref().map(R::JsonOutput));
        }
        R::JsonSerializeExpr(n) => {
            into.part(n.expr.as_deref().map(R::JsonValueExpr))
                .part(n.output.as_ref().map(R::JsonOutput));
        }
        R::JsonObjectConstructor(n) => {
            into.list(&n.exprs)
                .part(n.output.as_ref().map(R::JsonOutput));
        }
        R::JsonArrayConstructor(n) => {
            into.list(&n.exprs)
                .part(n.output.as_ref().map(R::JsonOutput));
        }
        R::JsonArrayQueryConstructor(n) => {
            into.node(n.query.as_deref())
                .part(n.output.as_ref().map(R::JsonOutput));
        }
        R::JsonAggConstructor(n) => {
            into.part(n.output.as_ref().map(R::JsonOutput))
                .node(n.agg_filter.as_deref())
                .list(&n.agg_order)
                .part(n.over.as_deref().map(R::WindowDef));
        }
        R::JsonObjectAgg(n) => {
            into.part(n.arg.as_deref().map(R::JsonKeyValue));
        }
        R::JsonArrayAgg(n) => {
            into.part(n.arg.as_deref().map(R::JsonValueExpr));
        }
        R::RawStmt(n) => {
            into.node(n.stmt.as_deref());
        }
        R::InsertStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .list(&n.cols)
                .node(n.select_stmt.as_deref())
                .part(n.returning_clause.as_ref().map(R::ReturningClause))
                .part(n.with_clause.as_ref().map(R::WithClause));
        }
        R::DeleteStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .list(&n.using_clause)
                .node(n.where_clause.as_deref())
                .part(n.returning_clause.as_ref().map(R::ReturningClause))
                .part(n.with_clause.as_ref().map(R::WithClause));
        }
        R::UpdateStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .list(&n.target_list)
                .node(n.where_clause.as_deref())
                .list(&n.from_clause)
                .part(n.returning_clause.as_ref().map(R::ReturningClause))
                .part(n.with_clause.as_ref().map(R::WithClause));
        }
        R::MergeStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .node(n.source_relation.as_deref())
                .node(n.join_condition.as_deref())
                .list(&n.merge_when_clauses)
                .part(n.returning_clause.as_ref().map(R::ReturningClause))
                .part(n.with_clause.as_ref().map(R::WithClause));
        }
        R::SelectStmt(n) => {
            into.list(&n.distinct_clause)
                .part(n.into_clause.as_deref().map(R::IntoClause))
                .list(&n.target_list)
                .list(&n.from_clause)
                .node(n.where_clause.as_deref())
                .list(&n.group_clause)
                .node(n.having_clause.as_deref())
                .list(&n.window_clause)
                .list(&n.values_lists)
                .list(&n.sort_clause)
                .node(n.limit_offset.as_deref())
                .node(n.limit_count.as_deref())
                .list(&n.locking_clause)
                .part(n.with_clause.as_ref().map(R::WithClause))
                .part(n.larg.as_deref().map(R::SelectStmt))
                .part(n.rarg.as_deref().map(R::SelectStmt));
        }
        R::ReturnStmt(n) => {
            into.node(n.returnval.as_deref());
        }
        R::PlassignStmt(n) => {
            into.list(&n.indirection)
                .part(n.val.as_deref().map(R::SelectStmt));
        }

        // No parts of their own, or made by parse analysis and the planner only: never in a raw tree.
        R::Integer(_)
        | R::Float(_)
        | R::Boolean(_)
        | R::String(_)
        | R::BitString(_)
        | R::AConst(_)
        | R::Alias(_)
        | R::RangeVar(_)
        | R::TableFunc(_)
        | R::Var(_)
        | R::Param(_)
        | R::Aggref(_)
        | R::WindowFunc(_)
        | R::WindowFuncRunCondition(_)
        | R::MergeSupportFunc(_)
        | R::SubscriptingRef(_)
        | R::FuncExpr(_)
        | R::OpExpr(_)
        | R::DistinctExpr(_)
        | R::NullIfExpr(_)
        | R::ScalarArrayOpExpr(_)
        | R::SubPlan(_)
        | R::AlternativeSubPlan(_)
        | R::FieldSelect(_)
        | R::FieldStore(_)
        | R::RelabelType(_)
        | R::CoerceViaIo(_)
        | R::ArrayCoerceExpr(_)
        | R::ConvertRowtypeExpr(_)
        | R::CollateExpr(_)
        | R::CaseTestExpr(_)
        | R::ArrayExpr(_)
        | R::RowCompareExpr(_)
        | R::SqlvalueFunction(_)
        | R::JsonFormat(_)
        | R::JsonReturning(_)
        | R::JsonConstructorExpr(_)
        | R::JsonExpr(_)
        | R::JsonTablePath(_)
        | R::JsonTablePathScan(_)
        | R::JsonTableSiblingJoin(_)
        | R::MergeAction(_)
        | R::CoerceToDomain(_)
        | R::CoerceToDomainValue(_)
        | R::SetToDefault(_)
        | R::CurrentOfExpr(_)
        | R::NextValueExpr(_)
        | R::InferenceElem(_)
        | R::ReturningExpr(_)
        | R::TargetEntry(_)
        | R::RangeTblRef(_)
        | R::FromExpr(_)
        | R::OnConflictExpr(_)
        | R::Query(_)
        | R::TypeName(_)
        | R::ColumnRef(_)
        | R::ParamRef(_)
        | R::RoleSpec(_)
        | R::AStar(_)
        | R::RangeTblEntry(_)
        | R::RtepermissionInfo(_)
        | R::RangeTblFunction(_)
        | R::TableSampleClause(_)
        | R::WithCheckOption(_)
        | R::SortGroupClause(_)
        | R::WindowClause(_)
        | R::RowMarkClause(_)
        | R::CtesearchClause(_)
        | R::ReturningOption(_)
        | R::TriggerTransition(_)
        | R::AtalterConstraint(_)
        | R::InlineCodeBlock(_)
        | R::CallContext(_) => {}
        R::ColumnDef(_)
        | R::TableLikeClause(_)
        | R::IndexElem(_)
        | R::DefElem(_)
        | R::PartitionElem(_)
        | R::PartitionSpec(_)
        | R::PartitionBoundSpec(_)
        | R::PartitionRangeDatum(_)
        | R::PartitionCmd(_)
        | R::CreateSchemaStmt(_)
        | R::AlterTableStmt(_)
        | R::AlterTableCmd(_)
        | R::AlterDomainStmt(_)
        | R::GrantStmt(_)
        | R::ObjectWithArgs(_)
        | R::AccessPriv(_)
        | R::GrantRoleStmt(_)
        | R::AlterDefaultPrivilegesStmt(_)
        | R::CopyStmt(_)
        | R::VariableSetStmt(_)
        | R::CreateStmt(_)
        | R::Constraint(_)
        | R::CreateTableSpaceStmt(_)
        | R::AlterTableSpaceOptionsStmt(_)
        | R::CreateExtensionStmt(_)
        | R::AlterExtensionStmt(_)
        | R::CreateFdwStmt(_)
        | R::AlterFdwStmt(_)
        | R::CreateForeignServerStmt(_)
        | R::AlterForeignServerStmt(_)
        | R::CreateForeignTableStmt(_)
        | R::CreateUserMappingStmt(_)
        | R::AlterUserMappingStmt(_)
        | R::ImportForeignSchemaStmt(_)
        | R::CreatePolicyStmt(_)
        | R::AlterPolicyStmt(_)
        | R::CreateTrigStmt(_)
        | R::CreateEventTrigStmt(_)
        | R::CreateRoleStmt(_)
        | R::AlterRoleStmt(_)
        | R::AlterRoleSetStmt(_)
        | R::CreateSeqStmt(_)
        | R::AlterSeqStmt(_)
        | R::DefineStmt(_)
        | R::CreateDomainStmt(_)
        | R::CreateOpClassStmt(_)
        | R::CreateOpClassItem(_)
        | R::AlterOpFamilyStmt(_)
        | R::DropStmt(_)
        | R::TruncateStmt(_)
        | R::CommentStmt(_)
        | R::SecLabelStmt(_)
        | R::DeclareCursorStmt(_)
        | R::IndexStmt(_)
        | R::CreateStatsStmt(_)
        | R::StatsElem(_)
        | R::AlterStatsStmt(_)
        | R::CreateFunctionStmt(_)
        | R::FunctionParameter(_)
        | R::AlterFunctionStmt(_)
        | R::DoStmt(_)
        | R::CallStmt(_)
        | R::RenameStmt(_)
        | R::AlterObjectSchemaStmt(_)
        | R::AlterOwnerStmt(_)
        | R::AlterOperatorStmt(_)
        | R::AlterTypeStmt(_)
        | R::RuleStmt(_)
        | R::TransactionStmt(_)
        | R::CompositeTypeStmt(_)
        | R::CreateEnumStmt(_)
        | R::CreateRangeStmt(_)
        | R::ViewStmt(_)
        | R::CreatedbStmt(_)
        | R::AlterDatabaseStmt(_)
        | R::AlterDatabaseSetStmt(_)
        | R::DropdbStmt(_)
        | R::AlterSystemStmt(_)
        | R::ClusterStmt(_)
        | R::VacuumStmt(_)
        | R::VacuumRelation(_)
        | R::ExplainStmt(_)
        | R::CreateTableAsStmt(_)
        | R::RefreshMatViewStmt(_)
        | R::LockStmt(_)
        | R::ConstraintsSetStmt(_)
        | R::ReindexStmt(_)
        | R::CreateCastStmt(_)
        | R::CreateTransformStmt(_)
        | R::PrepareStmt(_)
        | R::ExecuteStmt(_)
        | R::AlterTsdictionaryStmt(_)
        | R::PublicationTable(_)
        | R::PublicationObjSpec(_)
        | R::CreatePublicationStmt(_)
        | R::AlterPublicationStmt(_)
        | R::CreateSubscriptionStmt(_)
        | R::AlterSubscriptionStmt(_)
        | R::SetOperationStmt(_)
        | R::ReplicaIdentityStmt(_)
        | R::AlterCollationStmt(_)
        | R::VariableShowStmt(_)
        | R::DropTableSpaceStmt(_)
        | R::AlterTableMoveAllStmt(_)
        | R::DropUserMappingStmt(_)
        | R::CreateAmStmt(_)
        | R::AlterEventTrigStmt(_)
        | R::CreatePlangStmt(_)
        | R::DropRoleStmt(_)
        | R::CreateOpFamilyStmt(_)
        | R::ClosePortalStmt(_)
        | R::FetchStmt(_)
        | R::NotifyStmt(_)
        | R::ListenStmt(_)
        | R::UnlistenStmt(_)
        | R::AlterEnumStmt(_)
        | R::LoadStmt(_)
        | R::AlterDatabaseRefreshCollStmt(_)
        | R::CheckPointStmt(_)
        | R::DiscardStmt(_)
        | R::CreateConversionStmt(_)
        | R::DeallocateStmt(_)
        | R::DropOwnedStmt(_)
        | R::ReassignOwnedStmt(_)
        | R::AlterTsconfigurationStmt(_)
        | R::AlterObjectDependsStmt(_)
        | R::AlterExtensionContentsStmt(_)
        | R::DropSubscriptionStmt(_) => statement::children(node, into),
    }
}
