import { afterEach, beforeEach, describe } from 'vitest';
import { describeCommands } from './store-commands.contract.ts';
import { describeDeletion } from './store-deletion.contract.ts';
import { describeDocuments } from './store-documents.contract.ts';
import { describeExpiry } from './store-expiry.contract.ts';
import { describeLeases } from './store-leases.contract.ts';
import { describeLists } from './store-lists.contract.ts';
import { describeLogPages } from './store-log-pages.contract.ts';
import { describeLog } from './store-log.contract.ts';
import { describePages } from './store-pages.contract.ts';
import { describeRecords } from './store-records.contract.ts';
import { StoreScene, type StoreEngine } from './store-scene.contract.ts';
import { describeUpkeep } from './store-upkeep.contract.ts';

export type { StoreEngine };

/** What every store promises, on whatever engine. */
export function describeStore(name: string, engine: StoreEngine): void {
  describe(`${name} store`, () => {
    const scene = new StoreScene(engine);
    beforeEach(() => scene.begin());
    afterEach(() => scene.end());

    describe('records', () => {
      describeRecords(scene);
    });
    describe('documents', () => {
      describeDocuments(scene);
    });
    describe('a list', () => {
      describeLists(scene);
    });
    describe('pages of a list', () => {
      describePages(scene);
    });
    describe('deletion', () => {
      describeDeletion(scene);
    });
    describe('expiry', () => {
      describeExpiry(scene);
    });
    describe('log', () => {
      describeLog(scene);
    });
    describe('pages of a log', () => {
      describeLogPages(scene);
    });
    describe('commands', () => {
      describeCommands(scene);
    });
    describe('leases', () => {
      describeLeases(scene);
    });
    describe('upkeep', () => {
      describeUpkeep(scene);
    });
  });
}
