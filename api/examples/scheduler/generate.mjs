// Writes schema.ts, the types of schema.graphql in TypeScript, without anything from npm:
//   node generate.mjs            writes it anew
//   node generate.mjs --check    fails when it is stale
import { readFileSync, writeFileSync } from 'node:fs';

const source = readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8');
const target = new URL('schema.ts', import.meta.url);
const scalars = { ID: 'string', String: 'string', Int: 'number', Float: 'number', Boolean: 'boolean', DateTime: 'string' };

// descriptions stay out: schema.graphql has them
const text = source.replace(/"""[\s\S]*?"""/g, '').replace(/"(?:[^"\\\n]|\\.)*"/g, '""').replace(/#.*$/gm, '');

/** `[Link!]!` in TypeScript; what may be null says so. */
function typed(type) {
  const bare = type.replace(/!$/, '');
  const inner = bare.startsWith('[') ? `Array<${typed(bare.slice(1, -1))}>` : (scalars[bare] ?? bare);
  return type.endsWith('!') ? inner : `${inner} | null`;
}

/** The fields of a body, as [name, type, hasDefault]; their arguments are left out. */
function fields(body) {
  const plain = body.replace(/\((?:[^()]|\([^()]*\))*\)/g, '');
  return [...plain.matchAll(/(\w+)\s*:\s*([[\]\w!]+)\s*(=)?/g)].map(([, name, type, given]) => [name, type, Boolean(given)]);
}

const made = ['// Made by generate.mjs out of schema.graphql; not to be edited.'];
for (const [, name] of text.matchAll(/^scalar (\w+)/gm)) {
  if (!(name in scalars)) made.push(`export type ${name} = string;`);
}
for (const [, name, body] of text.matchAll(/^enum (\w+)[^{]*\{([^}]*)\}/gm)) {
  made.push(`export type ${name} = ${[...body.matchAll(/\w+/g)].map(([value]) => `'${value}'`).join(' | ')};`);
}
for (const [, name, members] of text.matchAll(/^union (\w+)[^=]*=\s*([\w|\s]+?)$/gm)) {
  made.push(`export type ${name} = ${members.trim()};`);
}
for (const [, kind, name, body] of text.matchAll(/^(type|interface|input)\s+(\w+)[^{]*\{([\s\S]*?)^\}/gm)) {
  const field = ([field, type, given]) => {
    const optional = kind === 'input' && (given || !type.endsWith('!')) ? '?' : '';
    return `  ${field}${optional}: ${typed(type)};`;
  };
  made.push(`export interface ${name} {\n${fields(body).map(field).join('\n')}\n}`);
}
const written = `${made.join('\n')}\n`;
if (process.argv.includes('--check')) {
  let kept = '';
  try {
    kept = readFileSync(target, 'utf8');
  } catch {}
  if (kept !== written) {
    console.error('schema.ts is stale: run node generate.mjs');
    process.exit(1);
  }
} else {
  writeFileSync(target, written);
}
