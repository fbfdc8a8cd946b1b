export { createConnectEdge, type ConnectEdge, type ConnectEdgeDeps } from './create-connect-edge.ts';
