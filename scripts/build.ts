import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageRoot } from '../src/kernel/index.ts';
import { buildTemplate } from './build-template.ts';

// Makes dist/: what the packed package runs, since Node does not strip types under node_modules. Migrations,
// connectors and docs/connector.schema.json are packed from where they lie, so nothing is copied.

const dist = join(packageRoot, 'dist');
rmSync(dist, { recursive: true, force: true });

const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
const compiled = spawnSync(
  process.execPath,
  [join(dirname(typescript), 'bin', 'tsc'), '-p', join(packageRoot, 'tsconfig.build.json')],
  { stdio: 'inherit' },
);
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

for (const file of ['cli/run.js', 'main.js']) {
  if (!existsSync(join(dist, file))) throw new Error(`the build made no dist/${file}`);
}
const { file } = await buildTemplate(join(dist, 'template'));
console.log(`built ${dist}, with the database template ${file}`);
