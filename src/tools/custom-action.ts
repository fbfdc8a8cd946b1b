import type { Definition, HttpBinding } from '../connectors/index.ts';
import type { JsonSchema } from '../kernel/index.ts';
import { extendDefinition, type ExtraParameter } from './extend-definition.ts';

export const actionMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const;

/** An HTTP request below the connection's address that its author adds as a tool. */
export type CustomAction = {
  name: string;
  description: string;
  effect: Definition['effect'];
  method: (typeof actionMethods)[number];
  path: string;
  parameters: readonly ExtraParameter[];
  /** The JSON Schema of a successful reply, where the author gives one. */
  response: JsonSchema | null;
};

/** Custom actions stand beside the service's tools and are never listed by it. */
export const customPath = (name: string): string => `custom:${name}`;

/** The tool that a custom action is. `headers`: those that every request of the connector carries. */
export function definitionOfAction(
  action: CustomAction,
  headers: Readonly<Record<string, string>>,
): Definition {
  const { name, description, effect, method, path, parameters, response } = action;
  const bare: Definition = {
    path: customPath(name),
    name,
    title: null,
    description,
    inputSchema: { type: 'object', properties: {}, additionalProperties: false },
    outputSchema: response,
    effect,
    // As of an imported DELETE: who writes an action may say otherwise of the tool or its connection.
    confirm: effect === 'destructive' || method === 'DELETE',
    idempotent: effect === 'read' || method === 'PUT' || method === 'DELETE',
    binding: {
      kind: 'http',
      method,
      path,
      server: null,
      parameters: [],
      body: null,
      ...(Object.keys(headers).length > 0 ? { fixedHeaders: headers } : {}),
    },
    quarantine: null,
  };
  return extendDefinition(bare, parameters);
}

/** Headers that all of a connector's requests carry alike, such as the version of its API. */
export function commonHeaders(definitions: readonly Definition[]): Readonly<Record<string, string>> {
  const bindings = definitions.flatMap(({ binding }): readonly HttpBinding[] =>
    binding.kind === 'http' ? [binding] : [],
  );
  const [first] = bindings;
  return Object.fromEntries(
    Object.entries(first?.fixedHeaders ?? {}).filter(([name, value]) =>
      bindings.every(({ fixedHeaders = {} }) => fixedHeaders[name] === value),
    ),
  );
}
