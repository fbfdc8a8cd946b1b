export * from './api/index.ts';
export { createConnectEdge, type ConnectEdge, type ConnectEdgeDeps } from './connect/index.ts';
export { createHttpServer, createMetricsServer, type HttpServer } from './create-http-server.ts';
export { clientAddressReader, createDoor, type Door, type DoorOptions, type Entered } from './door/index.ts';
export { createMcpEdge, resourceMetadata, type McpEdge } from './mcp/index.ts';
