#!/usr/bin/env node
// Plain JavaScript that any Node understands: finds a Node that is new enough, then hands over.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const needed = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major >= needed) {
  quiet();
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  // A clone runs its sources, whatever was built from them once; the package holds the built files alone.
  const isClone = existsSync(join(root, 'src', 'cli', 'run.ts'));
  const { run } = await import(isClone ? '../src/cli/run.ts' : '../dist/cli/run.js');
  process.exitCode = await run(process.argv.slice(2), process.env);
} else {
  const node = newerNode();
  if (node) handOver(node);
  else {
    process.stderr.write(
      `toolcrib: Node ${needed} or newer is needed, this is ${process.versions.node}: install it from https://nodejs.org.\n`,
    );
    process.exitCode = 1;
  }
}

/** Node says of some of its parts that they are experimental; that is ours to know, not the reader's. */
function quiet() {
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const [kind] = rest;
    const type = typeof kind === 'string' ? kind : (kind?.type ?? warning?.name);
    if (type !== 'ExperimentalWarning') emit.call(process, warning, ...rest);
  };
}

/** The Node that came with the package as an optional dependency, where there is one for this machine. */
function newerNode() {
  const require = createRequire(import.meta.url);
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  try {
    const home = dirname(require.resolve(`node-${platform}-${process.arch}/package.json`));
    const file = join(home, 'bin', name);
    return existsSync(file) ? file : null;
  } catch {
    return null;
  }
}

function handOver(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit', env: process.env });
  // A terminal's Ctrl-C reaches both; what is sent to this process alone is passed on.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(
      `toolcrib: the Node in ${node} does not run here (${error.message}): install Node ${needed}.\n`,
    );
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exitCode = code ?? 1;
  });
}
