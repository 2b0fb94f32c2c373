//! Whether every statement that the API runs in a caller's name says whose rows it is about. PostgreSQL would keep other
//! tenants' rows back all the same; SQLite has nothing but the statement.

mod tests;

use regex::Regex;
use sqlparser::{
    ast::{
        BinaryOperator, ConflictTarget, Delete, Expr, FromTable, InTarget, Insert, OnConflictAction, OnInsert, Query,
        Select, SetExpr, Statement, TableFactor, TableObject, TableWithJoins, Update, UpdateTableFromKind, Visit,
        Visitor,
    },
    dialect::SQLiteDialect,
    parser::Parser,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::LazyLock,
};

/// Tables with rows of tenants or users, and the columns of which one must be compared.
const BOUND_BY: [(&str, &[&str]); 30] = [
    ("users", &["id", "email"]),
    ("sessions", &["user_id"]),
    ("refresh_tokens", &["session_id"]),
    ("second_factors", &["user_id"]),
    ("recovery_codes", &["user_id"]),
    ("password_resets", &["user_id"]),
    ("api_keys", &["user_id"]),
    // an address is looked up alone
    ("slots", &["domain_id"]),
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
    let mut all = Vec::new();
    for statement in &parsed {
        let mut named = Named::default();
        let _ = statement.visit(&mut named);
        let mut found = Unbounded { found: Vec::new(), named: named.0 };
        let _ = statement.visit(&mut found);
        all.extend(found.found);
    }
    all
}

/// Columns that bind a table's rows; none of a table that is everybody's.
fn binding(table: &str) -> &'static [&'static str] {
    BOUND_BY.iter().find(|(bound, _)| *bound == table).map_or(&[], |(_, columns)| columns)
}

#[derive(Default)]
struct Unbounded {
    found: Vec<String>,
    /// Every table of the statement by the names that it has anywhere in it.
    named: BTreeMap<String, BTreeSet<String>>,
}

impl Unbounded {
    /// Looks whether conditions bind each of these tables; of an outer join, a condition binds what is joined alone.
    fn check(&mut self, from: &[TableWithJoins], selection: Option<&Expr>) {
        let tables = tables(from);
        let mut demands = Demands::default();
        selection.iter().for_each(|condition| demands.add(condition));
        let joins = || from.iter().flat_map(|from| &from.joins);
        joins().filter_map(|join| on(&join.join_operator)).for_each(|condition| demands.add(condition));
        let mut bound = demands.clone().settle(&tables, &self.named);
        for join in joins() {
            let (Some(condition), Some((_, alias))) = (outer_on(&join.join_operator), table(&join.relation)) else {
                continue;
            };
            let mut joined = Demands { bound: bound.clone(), equal: demands.equal.clone() };
            joined.add(condition);
            let is_of = |(of, _): &Column| of.as_ref() == Some(&alias);
            bound.extend(joined.settle(&tables, &self.named).into_iter().filter(is_of));
        }
        for (table, alias) in &tables {
            let columns = binding(table);
            let is_bound = |column: &&&str| {
                bound.contains(&(Some(alias.clone()), (**column).to_owned()))
                    || (tables.len() == 1 && bound.contains(&(None, (**column).to_owned())))
            };
            if !columns.is_empty() && !columns.iter().any(|column| is_bound(&column)) {
                self.found.push(table.clone());
            }
        }
    }

    /// Looks whether a row is written with whose it is, and whether one that is in its way is left alone or of the same.
    fn check_insert(&mut self, insert: &Insert) {
        let TableObject::TableName(name) = &insert.table else { panic!("not expected: {insert}") };
        let table = name.to_string().replace('"', "");
        let Some(whose) = binding(&table).first() else { return };
        let mut named = insert.columns.iter().filter_map(|column| column.0.last()?.as_ident());
        let mut is_bound = named.any(|ident| ident.value == *whose);
        if let Some(OnInsert::OnConflict(conflict)) = &insert.on
            && let OnConflictAction::DoUpdate(update) = &conflict.action
        {
            let in_target = match &conflict.conflict_target {
                Some(ConflictTarget::Columns { columns, .. }) => columns.iter().any(|column| column.value == *whose),
                _ => false,
            };
            let mut demands = Demands::default();
            update.selection.iter().for_each(|condition| demands.add(condition));
            let own = [(table.clone(), table.clone())];
            let compared = demands.settle(&own, &self.named);
            let in_condition = [Some(table.clone()), None].map(|of| compared.contains(&(of, (*whose).to_owned())));
            is_bound &= in_target || in_condition.contains(&true);
        }
        if !is_bound {
            self.found.push(table);
        }
    }
}

/// Learns what tables are called.
#[derive(Default)]
struct Named(BTreeMap<String, BTreeSet<String>>);

impl Visitor for Named {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let (name, alias) = table(factor).unwrap_or_else(|| match factor {
            TableFactor::Derived { alias: Some(alias), .. } => (String::new(), alias.name.value.clone()),
            _ => Default::default(),
        });
        self.0.entry(alias).or_default().insert(name);
        ControlFlow::Continue(())
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
            Statement::Update(Update { table, from, selection, .. }) => {
                let mut all = vec![table.clone()];
                if let Some(UpdateTableFromKind::BeforeSet(more) | UpdateTableFromKind::AfterSet(more)) = from {
                    all.extend(more.iter().cloned());
                }
                self.check(&all, selection.as_ref());
            }
            Statement::Delete(Delete { from: FromTable::WithFromKeyword(from), using, selection, .. }) => {
                let all: Vec<TableWithJoins> = from.iter().chain(using.iter().flatten()).cloned().collect();
                self.check(&all, selection.as_ref());
            }
            Statement::Insert(insert) => self.check_insert(insert),
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
        self.check(&select.from, select.selection.as_ref());
    }
}

/// The condition of a join that finds no row without it.
fn on(operator: &sqlparser::ast::JoinOperator) -> Option<&Expr> {
    use sqlparser::ast::{JoinConstraint, JoinOperator};
    match operator {
        JoinOperator::Join(JoinConstraint::On(on)) | JoinOperator::Inner(JoinConstraint::On(on)) => Some(on),
        _ => None,
    }
}

/// The condition of a join that finds the rows on its left without it as well. Those on its right are everybody's where it
/// is turned around.
fn outer_on(operator: &sqlparser::ast::JoinOperator) -> Option<&Expr> {
    use sqlparser::ast::{JoinConstraint, JoinOperator};
    match operator {
        JoinOperator::Left(JoinConstraint::On(on)) | JoinOperator::LeftOuter(JoinConstraint::On(on)) => Some(on),
        _ => None,
    }
}

/// Tables and the names that they have in the statement.
fn tables(from: &[TableWithJoins]) -> Vec<(String, String)> {
    let factors = from
        .iter()
        .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
    factors.filter_map(table).collect()
}

/// A table and its name in the statement; none for a query of its own, which is visited.
fn table(factor: &TableFactor) -> Option<(String, String)> {
    let TableFactor::Table { name, alias, .. } = factor else { return None };
    let table = name.to_string().replace('"', "");
    let alias = alias.as_ref().map_or_else(|| table.clone(), |alias| alias.name.value.clone());
    Some((table, alias))
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
            Expr::In { expr, target, negated: false, .. } => {
                let named = column(expr);
                // a key by its id is a row of whoever it may act for, where those are looked up
                if let (Some((of, name)), InTarget::Subquery(_)) = (&named, target)
                    && name == "id"
                    && of.as_deref() == Some("api_keys")
                {
                    self.bound.insert((of.clone(), "user_id".to_owned()));
                }
                self.bound.extend(named);
            }
            Expr::IsNull(expr) => self.bound.extend(column(expr)),
            _ => {}
        }
    }

    /// All columns that are bound, in the end. One of another table is where the query around this one binds that: by what
    /// binds its rows, and never one that a query in its place gives.
    fn settle(mut self, own: &[(String, String)], named: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Column> {
        let is_own =
            |(table, _): &Column| table.as_ref().is_none_or(|table| own.iter().any(|(_, alias)| alias == table));
        let is_bound_around = |column: &Column| {
            let tables = column.0.as_ref().and_then(|alias| named.get(alias));
            !is_own(column)
                && tables.is_some_and(|tables| tables.iter().all(|table| binding(table).contains(&column.1.as_str())))
        };
        for _ in 0..=self.equal.len() {
            // a row that is bound by one of these columns is bound: the others say no more
            for (table, alias) in own {
                let columns = binding(table);
                let named = |column: &&&str| self.bound.contains(&(Some(alias.clone()), (**column).to_owned()));
                if columns.iter().any(|column| named(&column)) {
                    self.bound.extend(columns.iter().map(|column| (Some(alias.clone()), (*column).to_owned())));
                }
            }
            for (one, other) in &self.equal {
                for (from, to) in [(one, other), (other, one)] {
                    if is_bound_around(from) || self.bound.contains(from) {
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
