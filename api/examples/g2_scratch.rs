#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::print_stdout, clippy::allow_attributes)]
use api::{app::App, auth, config::Config, db::Db, domains, graphql, invalidation::Publisher, links::{self, Draft, LinkChange}, pixels, scope::Caller};
use contract::clock::Clock;
use sea_orm::{EntityTrait, ConnectionTrait};
use migration::MigratorTrait;
use serde_json::{json, Value};
use std::time::Instant;

struct W { app: App, schema: graphql::Schema, caller: Option<Caller> }
impl W {
    async fn q(&self, query: &str, vars: Value) -> Value {
        let req = async_graphql::Request::new(query).variables(async_graphql::Variables::from_json(vars));
        let a = graphql::execute(&self.schema, req, self.caller, graphql::context::RequestId("r".into())).await;
        serde_json::to_value(&a).unwrap()
    }
}
async fn caller(app: &App, email: &str) -> (Caller, uuid::Uuid) {
    let made = auth::sign_up(app, auth::SignUp { email: email.into(), password: "correct horse".into(), tenant_name: "T".into() }).await.unwrap();
    (auth::authenticate(app, &made.session.access_token).await.unwrap(), made.tenant.id)
}
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN).init();
    for url in std::env::args().skip(1) { run(&url).await; }
}
async fn run(url: &str) {
    println!("##### {url}");
    let vars = [("DATABASE_URL", url), ("JWT_SECRET", "0123456789abcdef0123456789abcdef"), ("DEFAULT_DOMAIN", "go.example.com")];
    let mut settings = contract::settings::Settings::new(vars.iter().map(|(a, b)| (format!("STOPOVER_{a}"), b.to_string())));
    let config = Config::from_settings(&mut settings, true);
    let db = Db::connect(&config.database_url, 16).await.unwrap();
    migration::Migrator::fresh(db.write()).await.unwrap();
    let (tx, mut rx) = tokio::sync::broadcast::channel(10000);
    let app = App::new(&config, db, Clock::system(), Publisher::Local(tx));
    let (a, b) = tokio::join!(domains::ensure_default(&app), domains::ensure_default(&app));
    a.unwrap(); b.unwrap();
    let (c1, _) = caller(&app, "a@example.com").await;
    let (c2, _) = caller(&app, "b@example.com").await;
    let w = W { schema: graphql::build(app.clone(), true), app: app.clone(), caller: Some(c1) };
    let w2 = W { schema: w.schema.clone(), app: app.clone(), caller: Some(c2) };
    let t = w.q("{viewer{memberships{tenant{id}}}}", json!({})).await["data"]["viewer"]["memberships"][0]["tenant"]["id"].clone();
    let t2 = w2.q("{viewer{memberships{tenant{id}}}}", json!({})).await["data"]["viewer"]["memberships"][0]["tenant"]["id"].clone();
    println!("{}", w.q("{networks{key name hasImage hasScript consentClass serverSide idFields{key optional}}}", json!({})).await);
    let cp = "mutation($i:CreatePixelInput!){createPixel(input:$i){pixel{id network name ids{key value} mode isDefault createdAt} warnings{field message} userErrors{field message code}}}";
    let p = w.q(cp, json!({"i":{"tenantId":t,"network":"META","name":"m","ids":[{"key":"pixel_id","value":"246813579024680"}],"isDefault":true}})).await;
    println!("{p}");
    let pid = p["data"]["createPixel"]["pixel"]["id"].clone();
    println!("{}", w.q(cp, json!({"i":{"tenantId":t,"network":"CUSTOM_IMAGE","name":" ","mode":"SCRIPT","ids":[{"key":"url","value":"https://go.example.com/x"}]}})).await);
    println!("{}", w2.q(cp, json!({"i":{"tenantId":t,"network":"CUSTOM_IMAGE","name":"x","ids":[{"key":"url","value":"https://t.example.com/x"}]}})).await);
    println!("{}", w.q("mutation($i:UpdatePixelInput!){updatePixel(input:$i){pixel{id name mode} warnings{field message} userErrors{field message code}}}", json!({"i":{"id":pid,"name":"renamed","mode":"SCRIPT"}})).await);
    let cl = "mutation($i:CreateLinkInput!){createLink(input:$i){link{id shortUrl slug destination title tags state pixels{id name} domain{id host shared} queryForwarding{mode names} utm{source} values{name value} card{title} startsAt expiresAt createdAt} userErrors{field message code}}}";
    let l = w.q(cl, json!({"i":{"tenantId":t,"destination":"https://shop.example.org/{offer}","slug":"abc","title":"Hi","tags":["a","B"],"pixelIds":[pid],"values":[{"name":"offer","value":"x"}],"utm":{"source":"s"},"queryForwarding":{"mode":"ONLY","names":["a"]},"card":{"title":"c"},"expiresAt":"2099-01-01T00:00:00Z"}})).await;
    println!("{l}");
    let lid = l["data"]["createLink"]["link"]["id"].clone();
    println!("taken {}", w2.q(cl, json!({"i":{"tenantId":t2,"destination":"https://shop.example.org/","slug":"abc"}})).await);
    println!("bad {}", w2.q(cl, json!({"i":{"tenantId":t2,"destination":"https://go.example.com/x","pixelIds":[pid,"zzz"],"domainId":"x","fallback":"https://go.example.com:99/"}})).await);
    println!("random {}", w2.q(cl, json!({"i":{"tenantId":t2,"destination":"https://shop.example.org/"}})).await);
    for q in ["updateLink","archiveLink","restoreLink","deleteLink"] {
        let sel = if q == "deleteLink" { "deletedLinkId" } else { "link{id}" };
        let ty = format!("{}{}Input", q[..1].to_uppercase(), &q[1..]);
        println!("other {}", w2.q(&format!("mutation($i:{ty}!){{{q}(input:$i){{{sel} userErrors{{field message code}}}}}}"), json!({"i":{"id":lid}})).await);
    }
    println!("link other {}", w2.q("query($i:ID!){link(id:$i){id} linkByAddress(domain:\"go.example.com\",slug:\"abc\"){id}}", json!({"i":lid})).await);
    println!("addr {}", w.q("query($i:ID!){link(id:$i){id} linkByAddress(domain:\"GO.example.com\",slug:\"abc\"){id shortUrl}}", json!({"i":lid})).await);
    let ul = "mutation($i:UpdateLinkInput!){updateLink(input:$i){link{id slug title tags state pixels{id} expiresAt utm{source} card{title} values{name} shortUrl updatedAt} userErrors{field message code}}}";
    println!("upd {}", w.q(ul, json!({"i":{"id":lid,"slug":"moved","title":null,"tags":["z"],"utm":null,"card":null,"expiresAt":"2001-01-01T00:00:00Z"}})).await);
    println!("upd values {}", w.q(ul, json!({"i":{"id":lid,"values":[]}})).await);
    println!("reuse {}", w.q(cl, json!({"i":{"tenantId":t,"destination":"https://shop.example.org/","slug":"abc"}})).await["data"]["createLink"]["userErrors"]);
    println!("upd taken {}", w.q(ul, json!({"i":{"id":lid,"slug":"abc"}})).await);
    println!("arch {}", w.q("mutation($i:ArchiveLinkInput!){archiveLink(input:$i){link{state} userErrors{code}}}", json!({"i":{"id":lid}})).await);
    println!("rest {}", w.q("mutation($i:RestoreLinkInput!){restoreLink(input:$i){link{state} userErrors{code}}}", json!({"i":{"id":lid}})).await);
    println!("delpix {}", w.q("mutation($i:DeletePixelInput!){deletePixel(input:$i){deletedPixelId userErrors{code}}}", json!({"i":{"id":pid}})).await);
    println!("after {}", w.q("query($i:ID!){link(id:$i){pixels{id} tags}}", json!({"i":lid})).await);
    println!("del {}", w.q("mutation($i:DeleteLinkInput!){deleteLink(input:$i){deletedLinkId userErrors{code}}}", json!({"i":{"id":lid}})).await);
    println!("gone {}", w.q("query($i:ID!){link(id:$i){id}}", json!({"i":lid})).await);
    // bulk
    let links: Vec<Value> = (0..1000).map(|n| match n { 5 => json!({"destination":"nonsense"}), 7 => json!({"destination":"https://shop.example.org/","slug":"dup"}), 8 => json!({"destination":"https://shop.example.org/","slug":"dup"}), 150 => json!({"destination":"https://shop.example.org/","slug":"abc"}), n => json!({"destination":format!("https://shop{n}.example.org/"),"tags":[format!("t{}", n % 10)], "title": format!("Title {n} 100%_")}) }).collect();
    let at = Instant::now();
    let r = w.q("mutation($i:CreateLinksInput!){createLinks(input:$i){results{index link{id slug shortUrl tags} userErrors{field message code}} userErrors{code}}}", json!({"i":{"tenantId":t,"links":links}})).await;
    println!("bulk {:?} errors={} {}", at.elapsed(), r["errors"], r["data"]["createLinks"]["userErrors"]);
    let rs = r["data"]["createLinks"]["results"].as_array().unwrap();
    println!("{} results, ok {}", rs.len(), rs.iter().filter(|x| !x["link"].is_null()).count());
    for x in rs.iter().enumerate().filter(|(i, x)| { assert_eq!(x["index"], *i); x["link"].is_null() }) { println!("{}", x.1); }
    // concurrency on one slug, and cross swaps
    let mut set = tokio::task::JoinSet::new();
    let scope = { use entities::membership::Role; api::scope::TenantScope::all(app.db.read(), c1).await.unwrap().into_iter().find(|s| s.role() <= Role::Owner).unwrap() };
    for n in 0..40 { let app = app.clone(); set.spawn(async move { links::create(&app, scope, Draft { destination: "https://shop.example.org/".into(), slug: Some(format!("race{}", n % 4)), ..Draft::default() }).await.map(|l| l.id).map_err(|e| format!("{e:?}")) }); }
    let all = set.join_all().await; println!("race ok {} taken {}", all.iter().filter(|r| r.is_ok()).count(), all.iter().filter(|r| matches!(r, Err(e) if e.contains("Taken"))).count());
    let ids: Vec<_> = all.into_iter().flatten().collect();
    let mut set = tokio::task::JoinSet::new();
    for n in 0..80usize { let app = app.clone(); let id = ids[n % ids.len()]; set.spawn(async move { links::update(&app, scope, id, LinkChange { slug: Some(format!("race{}", (n * 7) % 6)), ..Default::default() }).await.map(|_| "ok".to_string()).map_err(|e| format!("{e:?}")) }); }
    let all = set.join_all().await; let mut kinds = std::collections::BTreeMap::new(); for r in all { *kinds.entry(format!("{r:?}")).or_insert(0) += 1; } println!("moves {kinds:?}");
    // chunks with the same slugs in opposite orders
    let mut set = tokio::task::JoinSet::new();
    for n in 0..8 { let app = app.clone(); set.spawn(async move { let mut d: Vec<_> = (0..100).map(|s| Draft { destination: "https://shop.example.org/".into(), slug: Some(format!("chunk{s}")), tags: vec!["x".into()], ..Draft::default() }).collect(); if n % 2 == 0 { d.reverse(); } links::create_many(&app, scope, d).await.map(|r| r.iter().filter(|r| r.is_ok()).count()).map_err(|e| format!("{e:?}")) }); }
    println!("chunks {:?}", set.join_all().await);
    // invariants: slots agree with links
    let slots = entities::slot::Entity::find().all(app.db.read()).await.unwrap();
    let ls: std::collections::HashMap<_, _> = entities::link::Entity::find().all(app.db.read()).await.unwrap().into_iter().map(|l| ((l.domain_id, l.slug.clone()), l.id)).collect();
    for s in &slots { assert_eq!(s.link_id, ls.get(&(s.domain_id, s.slug.clone())).copied(), "{}", s.slug); }
    assert_eq!(slots.iter().filter(|s| s.link_id.is_some()).count(), ls.len());
    println!("slots {} links {}", slots.len(), ls.len());
    // pixels: races at the limit
    let mut set = tokio::task::JoinSet::new();
    for n in 0..60 { let app = app.clone(); set.spawn(async move { pixels::create(&app, scope, pixels::NewPixel { network: &contract::network::catalogue()["custom_image"], name: format!("p{n}"), ids: vec![("url".into(), format!("https://t.example.com/{n}.gif"))], mode: Default::default(), is_default: false }).await.map(|_| "ok".to_string()).map_err(|e| format!("{e:?}")) }); }
    let mut kinds = std::collections::BTreeMap::new(); for r in set.join_all().await { *kinds.entry(format!("{r:?}")).or_insert(0) += 1; } println!("pixels {kinds:?}");
    // attach and delete pixels at once
    let page = api::page::Page::first(50);
    let ps: Vec<_> = pixels::list(&app.db, scope, &page).await.unwrap().rows.into_iter().map(|(_, p)| p.id).collect();
    let mut set = tokio::task::JoinSet::new();
    for n in 0..40usize { let app = app.clone(); let p = ps[n / 4]; set.spawn(async move { if n % 4 == 3 { pixels::delete(&app, scope, p).await.map(|_| "deleted".to_string()).map_err(|e| format!("{e:?}")) } else { links::create(&app, scope, Draft { destination: "https://shop.example.org/".into(), pixel_ids: vec![p], ..Draft::default() }).await.map(|_| "made".into()).map_err(|e| format!("{e:?}")) } }); }
    let mut kinds = std::collections::BTreeMap::new(); for r in set.join_all().await { *kinds.entry(format!("{r:?}")).or_insert(0) += 1; } println!("attach {kinds:?}");
    // size limit of the tenant's document
    let big = "a".repeat(1900); let mut last = String::new();
    for n in 0..20 { let r = pixels::create(&app, scope, pixels::NewPixel { network: &contract::network::catalogue()["custom_image"], name: "big".into(), ids: vec![("url".into(), format!("https://t.example.com/{big}{n}"))], mode: Default::default(), is_default: false }).await; if let Err(e) = r { last = format!("{n} {e:?}"); break; } }
    println!("size {last}");
    // lists
    use api::links::{Filter, Order, OrderBy, State};
    let now = app.clock.now();
    for (name, f) in [("all", Filter::default()), ("text", Filter { text: Some("TITLE 99".into()), ..Default::default() }), ("wild", Filter { text: Some("100%_".into()), ..Default::default() }), ("wild2", Filter { text: Some("1_0".into()), ..Default::default() }), ("nul", Filter { text: Some("a\0b".into()), tag: Some("a\0".into()), ..Default::default() }), ("tag", Filter { tag: Some("t3".into()), ..Default::default() }), ("active", Filter { state: Some(State::Active), ..Default::default() }), ("expired", Filter { state: Some(State::Expired), ..Default::default() }), ("scheduled", Filter { state: Some(State::Scheduled), ..Default::default() }), ("pixel", Filter { pixel_id: Some(ps[45]), ..Default::default() })] {
        println!("{name} {}", links::count(&app.db, scope, now, &f).await.unwrap());
    }
    for by in [OrderBy::CreatedAt, OrderBy::UpdatedAt] { for descending in [true, false] {
        let mut after = None; let mut seen = Vec::new();
        loop { let page = api::page::Page::new(100, api::page::End::Start, after.clone(), None); let win = links::list(&app.db, scope, now, &Filter::default(), Order { by, descending }, &page).await.unwrap(); seen.extend(win.rows.iter().map(|r| r.1.id)); after = win.rows.last().map(|r| r.0.clone()); if !win.has_next { break } }
        let n = seen.len(); let uniq: std::collections::HashSet<_> = seen.into_iter().collect(); println!("{by:?} {descending} {n} {}", uniq.len());
    } }
    let mut n = 0; while rx.try_recv().is_ok() { n += 1 } println!("announced {n}");
    println!("unpublished {:?}", app.db.read().query_one_raw(sea_orm::Statement::from_string(app.db.read().get_database_backend(), "select count(*) as n from outbox where published_at is null")).await.unwrap().unwrap().try_get::<i64>("", "n"));
    println!("{}", w.q("query($t:ID!){tenant(id:$t){links(first:2,filter:{tag:\"t3\"},orderBy:{field:UPDATED_AT}){totalCount nodes{shortUrl state tags pixels{id} domain{host}} pageInfo{hasNextPage}} pixels(first:1){totalCount nodes{id}} domains{totalCount nodes{host shared fallback}}}}", json!({"t":t})).await);
}
