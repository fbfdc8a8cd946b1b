import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { bodyProblem, Fault, invalid, isObject } from '../kernel/index.ts';
import type { ImportedDocument } from './connector-file.ts';
import { importOpenapi, type ImportOptions } from './import-openapi.ts';
import type { ImportOutcome, ImportTask } from './import-worker.ts';

/** Up to here a document takes less time than it takes to start a thread. */
const largeText = 256 * 1024;
const manyPaths = 100;
/** Longest a document may be worked on, and the memory that may take. */
const patience = 60_000;
const memoryMb = 2_048;

/**
 * `importOpenapi` in a thread of its own where the document is large, so that calls go on meanwhile. Same faults; a
 * document that takes more time or memory than any real one is `invalid` too, and costs nobody else anything.
 */
export async function importAside(
  source: string | object,
  options: ImportOptions = {},
): Promise<ImportedDocument> {
  if (!isLarge(source)) return importOpenapi(source, options);
  // Beside this file, as it lies in a clone or as it was built.
  const file = new URL(import.meta.url.replace('import-aside', 'import-worker'));
  const workerData: ImportTask = { source, options };
  const worker = new Worker(file, { workerData, resourceLimits: { maxOldGenerationSizeMb: memoryMb } });
  try {
    const [outcome] = (await once(worker, 'message', { signal: AbortSignal.timeout(patience) })) as [
      ImportOutcome,
    ];
    if ('imported' in outcome) return outcome.imported;
    const { kind, message, ...details } = outcome.fault;
    throw new Fault(kind, message, details);
  } catch (error) {
    if (isTooMuch(error)) throw tooMuch();
    throw error;
  } finally {
    await worker.terminate();
  }
}

function isLarge(source: string | object): boolean {
  if (typeof source === 'string') return source.length > largeText;
  const paths: unknown = (source as { paths?: unknown }).paths;
  return isObject(paths) && Object.keys(paths).length > manyPaths;
}

const isTooMuch = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'AbortError' || (error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY');

const tooMuch = (): Fault =>
  invalid(
    bodyProblem('value_error', ['document'], 'The document takes more time or memory than an import may.'),
  );
