export { createGateway, type FullGateway } from './create-gateway.ts';
export type { Tried, TryInput } from './try-tool.ts';
export type { LinkSource } from './consent-links.ts';
export { compileTool, type CompiledTool } from './compiled-tool.ts';
export { openArguments } from './kept-arguments.ts';
export { viewBytes, viewContext } from './records.ts';
export { servedTools } from './served-tools.ts';
export * from './turn-name.ts';
export * from './types.ts';
