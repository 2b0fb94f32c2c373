// A social scheduler in TypeScript, without anything from npm: 500 tracked links for a week's posts, one newsletter tracked
// as a whole, and the report over both. Run it again and nothing is made twice.
//   node --experimental-strip-types scheduler.ts    (Node 22.6 or newer; it reads the variables that scheduler.sh names)
import type { CreateLinksInput, CreateLinksPayload, Query, Tenant, TrackContentInput, TrackContentPayload } from './schema.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const url = setting('STOPOVER_URL');
const key = setting('STOPOVER_API_KEY');
const tenantId = setting('STOPOVER_TENANT');
const week = process.env.WEEK ?? '2026-W48';
const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

/** Sends a document; waits where the API says so, and tries again when it does not answer. */
async function call<Data>(query: string, variables: object): Promise<Data> {
  for (let tries = 1; ; tries += 1) {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
    };
    const body = JSON.stringify({ query, variables });
    const reply = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
    if (reply && reply.status !== 429 && reply.status < 500) {
      const answer = (await reply.json()) as { data?: Data; errors?: unknown };
      if (answer.errors || !answer.data) throw new Error(JSON.stringify(answer.errors));
      return answer.data;
    }
    if (tries === 8) throw new Error(`no answer after ${tries} tries (status ${reply?.status})`);
    await pause(Number(reply?.headers.get('retry-after') ?? 1));
  }
}

/** Fails on what the API calls a mistake. */
function right(...lists: { field?: string[] | null; message: string }[][]): void {
  const errors = lists.flat();
  if (errors.length > 0) throw new Error(errors.map((error) => `${error.field?.join('.')}: ${error.message}`).join('\n'));
}

// 500 posts in batches of 100. `externalId` is the post's own id, so that a post that is edited finds its link again.
const links = new Map<string, string>();
for (let batch = 0; batch < 5; batch += 1) {
  const input: CreateLinksInput = {
    tenantId,
    upsert: true,
    idempotencyKey: `${week} links ${batch}`,
    links: Array.from({ length: 100 }, (_, at) => batch * 100 + at).map((post) => ({
      destination: `https://shop.example.com/articles/${post}?c={click_id}`,
      externalId: `${week}/post-${post}`,
      title: `Post ${post}`,
      tags: [week],
      utm: { source: 'social', medium: 'post', campaign: week },
    })),
  };
  const { createLinks } = await call<{ createLinks: CreateLinksPayload }>(
    `mutation($input: CreateLinksInput!) { createLinks(input: $input) {
       results { index link { externalId shortUrl } userErrors { field message } } userErrors { field message } } }`,
    { input },
  );
  right(createLinks.userErrors, ...createLinks.results.map((result) => result.userErrors));
  for (const { link } of createLinks.results) if (link?.externalId) links.set(link.externalId, link.shortUrl);
}
console.log(`links: ${links.size}`);

// A newsletter, whose links are found and replaced by the API.
const input: TrackContentInput = {
  tenantId,
  format: 'MARKDOWN',
  idempotencyKey: `${week} newsletter`,
  defaults: { tags: [week], utm: { source: 'newsletter', medium: 'email', campaign: week } },
  content: '# This week\n\n[The sale](https://shop.example.com/sale) and https://shop.example.com/new.\n',
};
const { trackContent } = await call<{ trackContent: TrackContentPayload }>(
  `mutation($input: TrackContentInput!) { trackContent(input: $input) {
     content links { original count link { shortUrl } } warnings { original message } userErrors { field message } } }`,
  { input },
);
right(trackContent.userErrors);
console.log(trackContent.content);

// What came of it.
const { tenant } = await call<Pick<Query, 'tenant'>>(
  `query($tenant: ID!, $week: String!) { tenant(id: $tenant) {
     links(filter: { tag: $week }) { totalCount }
     usage { links linksThisMonth limits { links linksPerMonth } }
     report { totals { clicks uniqueVisitors } breakdown(by: LINK, first: 5) { value clicks share } } } }`,
  { tenant: tenantId, week },
);
const { links: listed, report }: Tenant = tenant ?? (() => { throw new Error('the key reaches no such tenant'); })();
console.log(`links of ${week}: ${listed.totalCount}`);
console.log(`clicks: ${report.totals.clicks}`);
