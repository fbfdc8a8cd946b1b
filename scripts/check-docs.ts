// Checks what the documents promise: every path they name exists, every `npm run` script they name is in
// package.json, every test the contract tables name is in its file.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const root = join(import.meta.dirname, '..');
const problems: string[] = [];
const scripts = new Set(
  Object.keys((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts),
);
const documents = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: root }).sort();

for (const document of documents) {
  const text = readFileSync(join(root, document), 'utf8');
  for (const [, target] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)) {
    const path = normalize(join(dirname(document), target!));
    if (!existsSync(join(root, path))) problems.push(`${document}: link to ${target}, which does not exist`);
  }
  for (const [, path] of text.matchAll(
    /`((?:src|test|docs|scripts|bench|examples|migrations|connectors)\/[\w./-]+)`/g,
  )) {
    if (!existsSync(join(root, path!))) problems.push(`${document}: names ${path}, which does not exist`);
  }
  for (const [, script] of text.matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)) {
    if (!scripts.has(script!))
      problems.push(`${document}: names the script ${script}, which package.json lacks`);
  }
  checkTable(document, text);
}

/** Rows of a contract table end in `file` and “title”: the test has to be there. */
function checkTable(document: string, text: string): void {
  if (!document.startsWith('docs/contracts')) return;
  for (const line of text.split('\n')) {
    const row = /`((?:src|test)\/[\w./-]+\.test\.ts)`\s*\|\s*(.+?)\s*\|\s*$/.exec(line);
    if (!row) continue;
    const [, file, title] = row;
    if (!existsSync(join(root, file!))) continue; // said above
    const wanted = title!.replaceAll(/^[“"`]|[”"`]$/g, '').replaceAll('\\|', '|');
    const source = readFileSync(join(root, file!), 'utf8');
    if (!plain(source).includes(plain(wanted))) problems.push(`${document}: ${file} has no test “${wanted}”`);
  }
}

function plain(text: string): string {
  return text.replaceAll(/[\\'"`“”‘’]/g, '').replaceAll(/\s+/g, ' ');
}

for (const problem of problems) console.error(problem);
console.log(`docs: ${documents.length} documents checked, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
