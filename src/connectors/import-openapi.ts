import { cleanText } from './clean-text.ts';
import type { ImportedDocument, ImportWarning, LeftOut, Selection } from './connector-file.ts';
import type { Definition } from './definition.ts';
import { listOperations, operationLabel } from './list-operations.ts';
import { readDocument } from './read-document.ts';
import { readOperation } from './read-operation.ts';
import { readSecurity } from './read-security.ts';
import { readBaseUrl, readGivenBase } from './read-servers.ts';
import { BrokenOperation, member } from './resolve-reference.ts';
import { newBudget } from './schema-context.ts';
import { DefNames, SchemaPool } from './schema-pool.ts';
import { selectOperations } from './select-operations.ts';

export type ImportOptions = {
  /** Wins over the document's own servers. */
  baseUrl?: string | null;
  /** Where the document was read: relative servers are resolved against it. */
  documentUrl?: string | null;
  include?: Selection;
};

/**
 * Reads OpenAPI 3.0, 3.1 or Swagger 2.0, as JSON or YAML text or as an object, into tools. Nothing is fetched and
 * nothing evaluated. One broken operation is left out with its reason and harms no other. The tools share parts
 * of their schemas with each other: they are values, not to be changed.
 *
 * Throws Fault `invalid` with one sentence where the document as a whole cannot be used (problem at `document`),
 * the base address is none (`base_url`), or the selection names what is not there (`include.…`).
 */
export function importOpenapi(source: string | object, options: ImportOptions = {}): ImportedDocument {
  const document = readDocument(source);
  const documentUrl = options.documentUrl ?? null;
  const given = options.baseUrl ? readGivenBase(options.baseUrl) : null;
  const operations = listOperations(document.root);
  const selected = selectOperations(operations, options.include);
  const baseUrl = given ?? readBaseUrl(document, documentUrl);
  const security = readSecurity(document, documentUrl);
  const names = new DefNames(document.dialect);
  const budget = newBudget();
  const context = {
    document,
    input: new SchemaPool(document, 'input', names, budget),
    output: new SchemaPool(document, 'output', names, budget),
    against: documentUrl ?? baseUrl,
    baseUrl,
    secrets: security.secrets,
  };
  const tools: Definition[] = [];
  const leftOut: LeftOut[] = [];
  const warnings: ImportWarning[] = security.notes.map((warning) => ({ tool: null, warning }));
  for (const operation of selected) {
    try {
      const { definition, notes } = readOperation(context, operation);
      tools.push(definition);
      for (const warning of notes) warnings.push({ tool: definition.name, warning });
    } catch (error) {
      if (!(error instanceof BrokenOperation)) throw error;
      leftOut.push({ operation: operationLabel(operation), reason: error.message });
    }
  }
  const info = document.root['info'];
  return {
    title: textOf(member(info, 'title'), 200) || 'OpenAPI',
    description: textOf(member(info, 'description') ?? member(info, 'summary'), 4096),
    baseUrl,
    auth: security.auth,
    tools,
    leftOut,
    warnings,
  };
}

const textOf = (value: unknown, cap: number): string =>
  typeof value === 'string' ? cleanText(value, cap).text : '';
