import { parentPort, workerData } from 'node:worker_threads';
import { Fault, type FaultKind, type Problem } from '../kernel/index.ts';
import type { ImportedDocument } from './connector-file.ts';
import { importOpenapi, type ImportOptions } from './import-openapi.ts';

export type ImportTask = { source: string | object; options: ImportOptions };
/** A fault travels as its parts: what is thrown in a thread arrives as a plain error elsewhere. */
export type ImportOutcome =
  | { imported: ImportedDocument }
  | { fault: { kind: FaultKind; message: string; code: string; problems: readonly Problem[] } };

function run({ source, options }: ImportTask): ImportOutcome {
  try {
    return { imported: importOpenapi(source, options) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { kind, message, code, problems } = error;
    return { fault: { kind, message, code, problems } };
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
parentPort?.postMessage(run(workerData as ImportTask));
