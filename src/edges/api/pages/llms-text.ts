import type { Documents } from '../openapi.ts';
import { readOperations } from './read-operations.ts';

/** The API in plain text, for models that are asked to use it. */
export function llmsText(documents: Documents, publicUrl: string): string {
  const sections = readOperations(documents).map(({ name, title, description, operations }) => {
    const lines = operations.map(({ method, path, summary }) => `- ${method} ${path}: ${summary}`);
    return [`## ${title}`, '', description, `OpenAPI: ${publicUrl}/openapi/${name}.json`, '', ...lines].join(
      '\n',
    );
  });
  return `# Toolcrib

> A self-hosted gateway that connects services, curates their tools and serves them to AI agents over MCP and REST.

Base address: ${publicUrl}. Every request needs a key: \`Authorization: Bearer KEY\` or \`x-api-key: KEY\`.
Errors of Toolcrib's own routes: \`{"error": {"code", "message", "request_id", "param"?}}\`.
All routes as OpenAPI 3.1: ${publicUrl}/openapi.json

${sections.join('\n\n')}
`;
}
