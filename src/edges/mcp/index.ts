export { createMcpEdge, type McpEdge, type McpEdgeDeps } from './create-mcp-edge.ts';
export { resourceMetadata, type ResourceMetadata } from './resource-metadata.ts';
