//! What utility statements and their clauses hold.

use pg_query::NodeRef as R;

use super::Children;

pub(super) fn children<'a>(node: R<'a>, into: &mut Children<'a>) {
    match node {
        R::ColumnDef(n) => {
            into.part(n.type_name.as_ref().map(R::TypeName))
                .node(n.raw_default.as_deref())
                .node(n.cooked_default.as_deref())
                .part(n.identity_sequence.as_ref().map(R::RangeVar))
                .part(n.coll_clause.as_deref().map(R::CollateClause))
                .list(&n.constraints)
                .list(&n.fdwoptions);
        }
        R::TableLikeClause(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar));
        }
        R::IndexElem(n) => {
            into.node(n.expr.as_deref()).list(&n.opclassopts);
        }
        R::DefElem(n) => {
            into.node(n.arg.as_deref());
        }
        R::PartitionElem(n) => {
            into.node(n.expr.as_deref());
        }
        R::PartitionSpec(n) => {
            into.list(&n.part_params);
        }
        R::PartitionBoundSpec(n) => {
            into.list(&n.listdatums)
                .list(&n.lowerdatums)
                .list(&n.upperdatums);
        }
        R::PartitionRangeDatum(n) => {
            into.node(n.value.as_deref());
        }
        R::PartitionCmd(n) => {
            into.part(n.bound.as_ref().map(R::PartitionBoundSpec));
        }
        R::CreateSchemaStmt(n) => {
            into.part(n.authrole.as_ref().map(R::RoleSpec))
                .list(&n.schema_elts);
        }
        R::AlterTableStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .list(&n.cmds);
        }
        R::AlterTableCmd(n) => {
            into.part(n.newowner.as_ref().map(R::RoleSpec))
                .node(n.def.as_deref());
        }
        R::AlterDomainStmt(n) => {
            into.node(n.def.as_deref());
        }
        R::GrantStmt(n) => {
            into.part(n.grantor.as_ref().map(R::RoleSpec))
                .list(&n.grantees)
                .list(&n.objects)
                .list(&n.privileges);
        }
        R::ObjectWithArgs(n) => {
            into.list(&n.objargs).list(&n.objfuncargs);
        }
        R::AccessPriv(n) => {
            into.list(&n.cols);
        }
        R::GrantRoleStmt(n) => {
            into.list(&n.opt);
        }
        R::AlterDefaultPrivilegesStmt(n) => {
            into.list(&n.options)
                .part(n.action.as_ref().map(R::GrantStmt));
        }
        R::CopyStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .node(n.query.as_deref())
                .list(&n.options)
                .node(n.where_clause.as_deref());
        }
        R::VariableSetStmt(n) => {
            into.list(&n.args);
        }
        R::CreateStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .list(&n.table_elts)
                .list(&n.inh_relations)
                .part(n.partbound.as_ref().map(R::PartitionBoundSpec))
                .part(n.partspec.as_ref().map(R::PartitionSpec))
                .part(n.of_typename.as_ref().map(R::TypeName))
                .list(&n.constraints)
                .list(&n.options);
        }
        R::Constraint(n) => {
            into.node(n.raw_expr.as_deref())
                .list(&n.exclusions)
                .list(&n.options)
                .node(n.where_clause.as_deref())
                .part(n.pktable.as_ref().map(R::RangeVar));
        }
        R::CreateTableSpaceStmt(n) => {
            into.list(&n.options);
        }
        R::AlterTableSpaceOptionsStmt(n) => {
            into.list(&n.options);
        }
        R::CreateExtensionStmt(n) => {
            into.list(&n.options);
        }
        R::AlterExtensionStmt(n) => {
            into.list(&n.options);
        }
        R::CreateFdwStmt(n) => {
            into.list(&n.func_options).list(&n.options);
        }
        R::AlterFdwStmt(n) => {
            into.list(&n.func_options).list(&n.options);
        }
        R::CreateForeignServerStmt(n) => {
            into.list(&n.options);
        }
        R::AlterForeignServerStmt(n) => {
            into.list(&n.options);
        }
        R::CreateForeignTableStmt(n) => {
            into.part(n.base_stmt.as_ref().map(R::CreateStmt))
                .list(&n.options);
        }
        R::CreateUserMappingStmt(n) => {
            into.list(&n.options);
        }
        R::AlterUserMappingStmt(n) => {
            into.list(&n.options);
        }
        R::ImportForeignSchemaStmt(n) => {
            into.list(&n.table_list).list(&n.options);
        }
        R::CreatePolicyStmt(n) => {
            into.list(&n.roles)
                .part(n.table.as_ref().map(R::RangeVar))
                .node(n.qual.as_deref())
                .node(n.with_check.as_deref());
        }
        R::AlterPolicyStmt(n) => {
            into.list(&n.roles)
                .part(n.table.as_ref().map(R::RangeVar))
                .node(n.qual.as_deref())
                .node(n.with_check.as_deref());
        }
        R::CreateTrigStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .list(&n.args)
                .list(&n.columns)
                .node(n.when_clause.as_deref())
                .list(&n.transition_rels)
                .part(n.constrrel.as_ref().map(R::RangeVar));
        }
        R::CreateEventTrigStmt(n) => {
            into.list(&n.whenclause);
        }
        R::CreateRoleStmt(n) => {
            into.list(&n.options);
        }
        R::AlterRoleStmt(n) => {
            into.list(&n.options);
        }
        R::AlterRoleSetStmt(n) => {
            into.part(n.setstmt.as_ref().map(R::VariableSetStmt));
        }
        R::CreateSeqStmt(n) => {
            into.part(n.sequence.as_ref().map(R::RangeVar))
                .list(&n.options);
        }
        R::AlterSeqStmt(n) => {
            into.part(n.sequence.as_ref().map(R::RangeVar))
                .list(&n.options);
        }
        R::DefineStmt(n) => {
            into.list(&n.args).list(&n.definition);
        }
        R::CreateDomainStmt(n) => {
            into.part(n.type_name.as_ref().map(R::TypeName))
                .part(n.coll_clause.as_deref().map(R::CollateClause))
                .list(&n.constraints);
        }
        R::CreateOpClassStmt(n) => {
            into.part(n.datatype.as_ref().map(R::TypeName))
                .list(&n.items);
        }
        R::CreateOpClassItem(n) => {
            into.list(&n.class_args)
                .part(n.storedtype.as_ref().map(R::TypeName));
        }
        R::AlterOpFamilyStmt(n) => {
            into.list(&n.items);
        }
        R::DropStmt(n) => {
            into.list(&n.objects);
        }
        R::TruncateStmt(n) => {
            into.list(&n.relations);
        }
        R::CommentStmt(n) => {
            into.node(n.object.as_deref());
        }
        R::SecLabelStmt(n) => {
            into.node(n.object.as_deref());
        }
        R::DeclareCursorStmt(n) => {
            into.node(n.query.as_deref());
        }
        R::IndexStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .list(&n.index_params)
                .list(&n.index_including_params)
                .list(&n.options)
                .node(n.where_clause.as_deref());
        }
        R::CreateStatsStmt(n) => {
            into.list(&n.exprs).list(&n.relations);
        }
        R::StatsElem(n) => {
            into.node(n.expr.as_deref());
        }
        R::AlterStatsStmt(n) => {
            into.node(n.stxstattarget.as_deref());
        }
        R::CreateFunctionStmt(n) => {
            into.list(&n.parameters)
                .part(n.return_type.as_ref().map(R::TypeName))
                .list(&n.options)
                .node(n.sql_body.as_deref());
        }
        R::FunctionParameter(n) => {
            into.part(n.arg_type.as_ref().map(R::TypeName))
                .node(n.defexpr.as_deref());
        }
        R::AlterFunctionStmt(n) => {
            into.part(n.func.as_ref().map(R::ObjectWithArgs))
                .list(&n.actions);
        }
        R::DoStmt(n) => {
            into.list(&n.args);
        }
        R::CallStmt(n) => {
            into.part(n.funccall.as_deref().map(R::FuncCall))
                .list(&n.outargs);
        }
        R::RenameStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .node(n.object.as_deref());
        }
        R::AlterObjectSchemaStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .node(n.object.as_deref());
        }
        R::AlterObjectDependsStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .node(n.object.as_deref());
        }
        R::AlterExtensionContentsStmt(n) => {
            into.node(n.object.as_deref());
        }
        R::AlterOwnerStmt(n) => {
            into.part(n.newowner.as_ref().map(R::RoleSpec))
                .part(n.relation.as_ref().map(R::RangeVar))
                .node(n.object.as_deref());
        }
        R::AlterOperatorStmt(n) => {
            into.list(&n.options);
        }
        R::AlterTypeStmt(n) => {
            into.list(&n.options);
        }
        R::RuleStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .node(n.where_clause.as_deref())
                .list(&n.actions);
        }
        R::TransactionStmt(n) => {
            into.list(&n.options);
        }
        R::CompositeTypeStmt(n) => {
            into.part(n.typevar.as_ref().map(R::RangeVar))
                .list(&n.coldeflist);
        }
        R::CreateEnumStmt(n) => {
            into.list(&n.vals);
        }
        R::CreateRangeStmt(n) => {
            into.list(&n.params);
        }
        R::ViewStmt(n) => {
            into.part(n.view.as_ref().map(R::RangeVar))
                .node(n.query.as_deref())
                .list(&n.options);
        }
        R::CreatedbStmt(n) => {
            into.list(&n.options);
        }
        R::AlterDatabaseStmt(n) => {
            into.list(&n.options);
        }
        R::AlterDatabaseSetStmt(n) => {
            into.part(n.setstmt.as_ref().map(R::VariableSetStmt));
        }
        R::DropdbStmt(n) => {
            into.list(&n.options);
        }
        R::AlterSystemStmt(n) => {
            into.part(n.setstmt.as_ref().map(R::VariableSetStmt));
        }
        R::ClusterStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .list(&n.params);
        }
        R::VacuumStmt(n) => {
            into.list(&n.options).list(&n.rels);
        }
        R::VacuumRelation(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .list(&n.va_cols);
        }
        R::ExplainStmt(n) => {
            into.node(n.query.as_deref()).list(&n.options);
        }
        R::CreateTableAsStmt(n) => {
            into.node(n.query.as_deref())
                .part(n.into.as_deref().map(R::IntoClause));
        }
        R::RefreshMatViewStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar));
        }
        R::LockStmt(n) => {
            into.list(&n.relations);
        }
        R::ConstraintsSetStmt(n) => {
            into.list(&n.constraints);
        }
        R::ReindexStmt(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .list(&n.params);
        }
        R::CreateCastStmt(n) => {
            into.part(n.sourcetype.as_ref().map(R::TypeName))
                .part(n.targettype.as_ref().map(R::TypeName))
                .part(n.func.as_ref().map(R::ObjectWithArgs));
        }
        R::CreateTransformStmt(n) => {
            into.part(n.type_name.as_ref().map(R::TypeName))
                .part(n.fromsql.as_ref().map(R::ObjectWithArgs))
                .part(n.tosql.as_ref().map(R::ObjectWithArgs));
        }
        R::PrepareStmt(n) => {
            into.list(&n.argtypes).node(n.query.as_deref());
        }
        R::ExecuteStmt(n) => {
            into.list(&n.params);
        }
        R::AlterTsdictionaryStmt(n) => {
            into.list(&n.options);
        }
        R::PublicationTable(n) => {
            into.part(n.relation.as_ref().map(R::RangeVar))
                .node(n.where_clause.as_deref())
                .list(&n.columns);
        }
        R::PublicationObjSpec(n) => {
            into.part(n.pubtable.as_deref().map(R::PublicationTable));
        }
        R::CreatePublicationStmt(n) => {
            into.list(&n.options).list(&n.pubobjects);
        }
        R::AlterPublicationStmt(n) => {
            into.list(&n.options).list(&n.pubobjects);
        }
        R::CreateSubscriptionStmt(n) => {
            into.list(&n.options);
        }
        R::AlterSubscriptionStmt(n) => {
            into.list(&n.options);
        }

        // Queries and expressions are in `query`; the remaining utility statements hold names only.
        _ => {}
    }
}
