// Checks what the rooms promise (ARCHITECTURE.md): imports point one way, a room is entered by its index.ts,
// SQL stays in a room's store, and only drivers/authorize.ts opens what the vault keeps.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

const rooms = [
  'kernel',
  'egress',
  'journal',
  'access',
  'vault',
  'connectors',
  'drivers',
  'connections',
  'tools',
  'packs',
  'agents',
  'approvals',
  'gateway',
  'revisions',
  'notices',
  'edges',
  'sample',
  'main',
  'cli',
];

const source = join(import.meta.dirname, '..', 'src');
const problems: string[] = [];
const imports = /^(?:import|export)\b[^;]*?\bfrom '(\.[^']+)';/gms;
const dynamic = /\bimport\('(\.[^']+)'\)/g;

for (const file of globSync('**/*.ts', { cwd: source }).sort()) {
  const text = readFileSync(join(source, file), 'utf8');
  const room = roomOf(file);
  if (!rooms.includes(room)) problems.push(`${file}: “${room}” is no room`);
  for (const pattern of [imports, dynamic]) {
    for (const [, target] of text.matchAll(pattern)) checkImport(file, room, target!);
  }
  checkSql(file, text);
  const opens = /\.(openCredential|openSecret)\(/.test(text) && !file.endsWith('.test.ts');
  if (opens && file !== 'drivers/authorize.ts' && room !== 'vault') {
    problems.push(`${file}: only drivers/authorize.ts opens what the vault keeps`);
  }
}

function roomOf(file: string): string {
  const [first = ''] = file.split('/');
  return first === 'main.ts' ? 'main' : first;
}

function checkImport(file: string, room: string, target: string): void {
  if (file.endsWith('.test.ts')) return; // a test builds the world it needs
  const reached = relative(source, normalize(join(source, dirname(file), target)));
  const other = roomOf(reached);
  if (other === room) return checkEdges(file, reached);
  if (rooms.indexOf(other) > rooms.indexOf(room)) problems.push(`${file}: ${room} may not import ${other}`);
  const isDoor = reached === `${other}/index.ts` || reached === 'main.ts';
  const isEdge = other === 'edges' && /^edges\/[\w-]+\/index\.ts$/.test(reached);
  if (!isDoor && !isEdge) {
    problems.push(`${file}: enter ${other} by its index.ts, not ${reached}`);
  }
}

/** Edges are rooms among themselves: the door serves both protocols, and they do not know each other. */
function checkEdges(file: string, reached: string): void {
  if (!file.startsWith('edges/')) return;
  const [, edge] = file.split('/');
  const [, other] = reached.split('/');
  const both = edge?.endsWith('.ts') || other?.endsWith('.ts') || edge === other || other === 'door';
  if (!both && !file.endsWith('.test.ts'))
    problems.push(`${file}: edge ${edge} may not import edge ${other}`);
  if (edge === 'api') checkContracts(file, reached);
}

/** A contract knows the API's own plumbing, never another contract. */
function checkContracts(file: string, reached: string): void {
  const contracts = new Set(['own', 'tool-packs', 'connection-tools', 'connectors', 'orgs']);
  const [, , from] = file.split('/');
  const [, , to] = reached.split('/');
  if (from && to && from !== to && contracts.has(from) && contracts.has(to)) {
    problems.push(`${file}: contract ${from} may not import contract ${to}`);
  }
}

function checkSql(file: string, text: string): void {
  const isStore = /(^|\/)([\w-]+-)?store\.ts$/.test(file);
  const isDatabase = file.startsWith('kernel/') || file.endsWith('/tables.ts') || file.endsWith('.test.ts');
  if (isStore || isDatabase) return;
  if (/from 'kysely'|from 'pg'/.test(text.replaceAll(/^import type .*$/gm, ''))) {
    problems.push(`${file}: SQL belongs in the room's store.ts`);
  }
}

for (const problem of problems) console.error(problem);
console.log(`rooms: ${rooms.length} rooms checked, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
