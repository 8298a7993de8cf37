export { readConfig, type Config } from './config.ts';
export { startGateway, type Gateway } from './compose.ts';
