//! Whether every statement that the API runs in a caller's name says whose rows it is about. PostgreSQL would keep other
//! tenants' rows back all the same; SQLite has nothing but the statement.

use regex::Regex;
use sqlparser::{
    ast::{
        BinaryOperator, Delete, Expr, FromTable, Insert, Query, Select, SetExpr, Statement, TableFactor, TableObject,
        TableWithJoins, Update, Visit, Visitor,
    },
    dialect::SQLiteDialect,
    parser::Parser,
};
use std::{collections::BTreeSet, ops::ControlFlow, sync::LazyLock};

/// Tables with rows of tenants, and the columns of which one must be compared.
const BOUND_BY: [(&str, &[&str]); 22] = [
    ("tenants", &["id"]),
    // a caller's own memberships are what everything else is looked up by
    ("memberships", &["tenant_id", "user_id"]),
    ("invitations", &["tenant_id"]),
    ("api_key_tenants", &["tenant_id", "api_key_id"]),
    // nothing may lead in circles over a host that serves, whose it may be
    ("domains", &["tenant_id", "serving"]),
    ("pixels", &["tenant_id"]),
    ("links", &["tenant_id"]),
    ("link_pixels", &["tenant_id"]),
    ("link_tags", &["tenant_id"]),
    ("links_by_month", &["tenant_id"]),
    ("clicks", &["tenant_id"]),
    ("receipts", &["tenant_id"]),
    ("rollups", &["tenant_id"]),
    ("webhooks", &["tenant_id"]),
    ("webhook_messages", &["tenant_id"]),
    ("webhook_deliveries", &["tenant_id"]),
    ("webhook_clicks", &["tenant_id"]),
    ("webhook_expiries", &["tenant_id"]),
    ("webhook_pixels", &["tenant_id"]),
    ("audit_events", &["chain_id"]),
    ("audit_heads", &["chain_id"]),
    ("idempotency_keys", &["owner_id"]),
];

/// What a program's log says was run in callers' names, each once.
pub(crate) fn in_log(log: &str) -> BTreeSet<&str> {
    static STATEMENT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)^\S+ TRACE (?:.*?: )?statements: (.*)$").unwrap());
    STATEMENT.captures_iter(log).map(|found| found.get(1).unwrap().as_str()).collect()
}

/// Tables of tenants in a statement that it does not narrow to any.
pub(crate) fn unbounded(sql: &str) -> Vec<String> {
    let parsed = Parser::parse_sql(&SQLiteDialect {}, sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    let mut found = Unbounded::default();
    for statement in &parsed {
        let _ = statement.visit(&mut found);
    }
    found.0
}

#[derive(Default)]
struct Unbounded(Vec<String>);

impl Unbounded {
    fn check(&mut self, tables: &[(String, String)], conditions: &[&Expr]) {
        let mut demands = Demands::default();
        conditions.iter().for_each(|condition| demands.add(condition));
        let compared = demands.settle(tables);
        for (table, alias) in tables {
            let Some((_, columns)) = BOUND_BY.iter().find(|(bound, _)| bound == table) else { continue };
            let is_bound = columns.iter().any(|column| {
                compared.contains(&(Some(alias.clone()), (*column).to_owned()))
                    || (tables.len() == 1 && compared.contains(&(None, (*column).to_owned())))
            });
            if !is_bound {
                self.0.push(table.clone());
            }
        }
    }
}

impl Visitor for Unbounded {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.check_body(&query.body);
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        match statement {
            Statement::Update(Update { table, selection, .. }) => {
                self.check(&tables(std::slice::from_ref(table)), &selection.iter().collect::<Vec<_>>());
            }
            Statement::Delete(Delete { from: FromTable::WithFromKeyword(from), selection, .. }) => {
                self.check(&tables(from), &selection.iter().collect::<Vec<_>>());
            }
            Statement::Insert(Insert { table: TableObject::TableName(name), columns, .. }) => {
                let table = name.to_string().replace('"', "");
                let named: BTreeSet<&str> = columns
                    .iter()
                    .filter_map(|column| column.0.last()?.as_ident())
                    .map(|ident| ident.value.as_str())
                    .collect();
                let bound = BOUND_BY.iter().find(|(bound, _)| *bound == table);
                if bound.is_some_and(|(_, columns)| !named.contains(columns[0])) {
                    self.0.push(table);
                }
            }
            Statement::Query(_) => {}
            other => panic!("not expected in a caller's name: {other}"),
        }
        ControlFlow::Continue(())
    }
}

impl Unbounded {
    fn check_body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => self.check_select(select),
            SetExpr::SetOperation { left, right, .. } => {
                self.check_body(left);
                self.check_body(right);
            }
            // queries of their own, which are visited
            _ => {}
        }
    }

    fn check_select(&mut self, select: &Select) {
        let mut conditions: Vec<&Expr> = select.selection.iter().collect();
        for join in select.from.iter().flat_map(|from| &from.joins) {
            conditions.extend(on(&join.join_operator));
        }
        self.check(&tables(&select.from), &conditions);
    }
}

fn on(operator: &sqlparser::ast::JoinOperator) -> Option<&Expr> {
    use sqlparser::ast::{JoinConstraint, JoinOperator};
    match operator {
        JoinOperator::Join(JoinConstraint::On(on))
        | JoinOperator::Inner(JoinConstraint::On(on))
        | JoinOperator::Left(JoinConstraint::On(on))
        | JoinOperator::LeftOuter(JoinConstraint::On(on)) => Some(on),
        _ => None,
    }
}

/// Tables and the names that they have in the statement.
fn tables(from: &[TableWithJoins]) -> Vec<(String, String)> {
    let factors = from
        .iter()
        .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
    let named = factors.filter_map(|factor| match factor {
        TableFactor::Table { name, alias, .. } => {
            let table = name.to_string().replace('"', "");
            let alias = alias.as_ref().map_or_else(|| table.clone(), |alias| alias.name.value.clone());
            Some((table, alias))
        }
        // a query of its own
        _ => None,
    });
    named.collect()
}

/// A column, by the name that its table has in the statement.
type Column = (Option<String>, String);

/// What a condition demands of every row that is found.
#[derive(Default, Clone)]
struct Demands {
    /// Columns that are compared with something.
    bound: BTreeSet<Column>,
    /// Columns that are compared with each other.
    equal: Vec<(Column, Column)>,
}

impl Demands {
    fn add(&mut self, condition: &Expr) {
        match condition {
            Expr::Nested(inner) => self.add(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.add(left);
                self.add(right);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                let (mut one, mut other) = (Self::default(), Self::default());
                one.add(left);
                other.add(right);
                self.bound.extend(one.bound.intersection(&other.bound).cloned());
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => match (column(left), column(right)) {
                (Some(one), Some(other)) => self.equal.push((one, other)),
                (one, other) => self.bound.extend(one.or(other)),
            },
            Expr::In { expr, negated: false, .. } | Expr::IsNull(expr) => self.bound.extend(column(expr)),
            _ => {}
        }
    }

    /// All columns that are bound, in the end; those of other tables are the business of the query around this one.
    fn settle(mut self, own: &[(String, String)]) -> BTreeSet<Column> {
        let is_own =
            |(table, _): &Column| table.as_ref().is_none_or(|table| own.iter().any(|(_, alias)| alias == table));
        for _ in 0..=self.equal.len() {
            // a row that is bound by one of these columns is bound: the others say no more
            for (table, alias) in own {
                let columns = BOUND_BY.iter().find(|(bound, _)| bound == table).map_or(&[][..], |(_, columns)| columns);
                let named = |column: &&&str| self.bound.contains(&(Some(alias.clone()), (**column).to_owned()));
                if columns.iter().any(|column| named(&column)) {
                    self.bound.extend(columns.iter().map(|column| (Some(alias.clone()), (*column).to_owned())));
                }
            }
            for (one, other) in &self.equal {
                for (from, to) in [(one, other), (other, one)] {
                    if !is_own(from) || self.bound.contains(from) {
                        self.bound.insert(to.clone());
                    }
                }
            }
        }
        self.bound
    }
}

fn column(expr: &Expr) -> Option<Column> {
    match expr {
        Expr::Identifier(name) => Some((None, name.value.clone())),
        Expr::CompoundIdentifier(names) => {
            let [.., table, name] = names.as_slice() else { return None };
            Some((Some(table.value.clone()), name.value.clone()))
        }
        _ => None,
    }
}

#[test]
fn statements_that_name_no_tenant_are_found() {
    let own =
        r#"SELECT "links"."id" FROM "links" WHERE "links"."tenant_id" = ? AND ("links"."id" = ? OR "links"."id" = ?)"#;
    assert!(unbounded(own).is_empty());
    let joined = r#"SELECT 1 FROM "links" AS "l" JOIN "pixels" AS "p" ON "l"."id" = "p"."id" AND "l"."tenant_id" = "p"."tenant_id""#;
    assert!(unbounded(&format!(r#"{joined} WHERE "l"."tenant_id" IN (?)"#)).is_empty());
    assert_eq!(unbounded(joined), ["links", "pixels"]);
    let around = r#"SELECT 1 FROM "links" WHERE "tenant_id" = ? AND EXISTS (SELECT 1 FROM "link_tags" WHERE "link_tags"."tenant_id" = "links"."tenant_id")"#;
    assert!(unbounded(around).is_empty());
    for (sql, table) in [
        (r#"SELECT "id" FROM "links" WHERE "id" = ?"#, "links"),
        (r#"SELECT "id" FROM "links" WHERE "tenant_id" = ? OR "id" = ?"#, "links"),
        (r#"SELECT "id" FROM "links" WHERE "tenant_id" <> ?"#, "links"),
        (
            r#"SELECT 1 FROM "links" JOIN "pixels" ON "links"."id" = "pixels"."id" WHERE "links"."tenant_id" = ?"#,
            "pixels",
        ),
        (r#"UPDATE "pixels" SET "name" = ? WHERE "id" = ?"#, "pixels"),
        (r#"DELETE FROM "rollups" WHERE "starts_at" < ?"#, "rollups"),
        (r#"INSERT INTO "link_tags" ("link_id", "tag") VALUES (?, ?)"#, "link_tags"),
        (r#"SELECT 1 FROM "users" WHERE EXISTS (SELECT 1 FROM "clicks" WHERE "day" = ?)"#, "clicks"),
        (r#"SELECT 1 FROM "links" WHERE "tenant_id" = ? UNION ALL SELECT 1 FROM "links""#, "links"),
    ] {
        assert_eq!(unbounded(sql), [table], "{sql}");
    }
}
