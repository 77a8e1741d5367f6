package sqlparse

import (
	"github.com/pingcap/tidb/pkg/parser/ast"
)

// alterTable reads ALTER TABLE: ALTER on the table, and what its parts add.
func (w *walk) alterTable(n *ast.AlterTableStmt) {
	w.st.Kind = "alter_table"
	w.table(n.Table, "ALTER")
	for _, s := range n.Specs {
		w.alterSpec(n.Table, s)
	}
}

func (w *walk) alterSpec(t *ast.TableName, s *ast.AlterTableSpec) {
	w.columns(t, s.NewColumns)
	w.constraints(t, s.NewConstraints)
	if s.Constraint != nil {
		w.constraints(t, []*ast.Constraint{s.Constraint})
	}
	w.tableOptions(s.Options)
	w.partition(s.Partition)
	w.partitionDefinitions(s.PartDefinitions)
	w.engines(s)
	switch s.Tp {
	case ast.AlterTableRenameTable:
		w.rename(t, s.NewTable)
	case ast.AlterTableDropPartition:
		w.st.Destructive = true
		w.table(t, DropTable)
	case ast.AlterTableTruncatePartition:
		w.st.Destructive = true
		w.table(t, Truncate)
	case ast.AlterTableCheckPartitions, ast.AlterTableOptimizePartition, ast.AlterTableRepairPartition:
		w.table(t, "SELECT", "INSERT")
	case ast.AlterTableOrderByColumns:
		w.sorted(t)
	case ast.AlterTableExchangePartition:
		w.st.Destructive = true
		w.table(t, "INSERT", "CREATE", DropTable)
		w.table(s.NewTable, "ALTER", "INSERT", "CREATE", DropTable)
	case ast.AlterTableDropColumn, ast.AlterTableDropPrimaryKey, ast.AlterTableDropIndex,
		ast.AlterTableDropForeignKey, ast.AlterTableDropCheck,
		ast.AlterTableDiscardTablespace, ast.AlterTableDiscardPartitionTablespace:
		w.st.Destructive = true
	default:
		if !plainAlter(s.Tp) {
			w.refuse("no reading for this ALTER TABLE")
		}
	}
}

// sorted adds what ORDER BY asks for: MySQL looks at the columns as a query does.
func (w *walk) sorted(t *ast.TableName) {
	if !w.mariaDB() {
		w.table(t, "SELECT")
	}
}

// plainAlter lists the parts of ALTER TABLE that need nothing beside ALTER.
func plainAlter(tp ast.AlterTableType) bool {
	switch tp {
	case ast.AlterTableOption, ast.AlterTableAddColumns, ast.AlterTableAddConstraint,
		ast.AlterTableModifyColumn, ast.AlterTableChangeColumn, ast.AlterTableRenameColumn,
		ast.AlterTableAlterColumn, ast.AlterTableLock, ast.AlterTableAlgorithm,
		ast.AlterTableRenameIndex, ast.AlterTableForce, ast.AlterTableAddPartitions,
		ast.AlterTablePartitionOptions, ast.AlterTableCoalescePartitions, ast.AlterTablePartition,
		ast.AlterTableEnableKeys, ast.AlterTableDisableKeys, ast.AlterTableRemovePartitioning,
		ast.AlterTableWithValidation, ast.AlterTableWithoutValidation, ast.AlterTableSecondaryLoad,
		ast.AlterTableSecondaryUnload, ast.AlterTableRebuildPartition,
		ast.AlterTableReorganizePartition,
		ast.AlterTableImportPartitionTablespace, ast.AlterTableAlterCheck,
		ast.AlterTableImportTablespace, ast.AlterTableIndexInvisible:
		return true
	}
	return false
}
