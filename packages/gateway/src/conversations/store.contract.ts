import { afterEach, beforeEach, describe } from 'vitest';
import { describeCommands } from './contract/store-commands.contract.ts';
import { describeDamage } from './contract/store-damage.contract.ts';
import { describeDeletion } from './contract/store-deletion.contract.ts';
import { describeDocuments } from './contract/store-documents.contract.ts';
import { describeEntries } from './contract/store-entries.contract.ts';
import { describeExpiry } from './contract/store-expiry.contract.ts';
import { describeAway, describeClosing } from './contract/store-faults.contract.ts';
import { describeLeases } from './contract/store-leases.contract.ts';
import { describeLists } from './contract/store-lists.contract.ts';
import { describeLogPages } from './contract/store-log-pages.contract.ts';
import { describeLog } from './contract/store-log.contract.ts';
import { describeNames } from './contract/store-names.contract.ts';
import { describePages } from './contract/store-pages.contract.ts';
import { describeRecords } from './contract/store-records.contract.ts';
import { StoreScene, type StoreEngine } from './contract/store-scene.contract.ts';
import { describeSharedEntries } from './contract/store-shared-entries.contract.ts';
import { describeShared } from './contract/store-shared.contract.ts';
import { describeUnfinished } from './contract/store-unfinished.contract.ts';
import { describeUpkeep } from './contract/store-upkeep.contract.ts';
import { describeWork } from './contract/store-work.contract.ts';

export type { StoreEngine };

/** What every store promises, on whatever engine. */
export function describeStore(name: string, engine: StoreEngine): void {
  describe(`${name} store`, () => {
    const scene = new StoreScene(engine);
    beforeEach(() => scene.begin());
    afterEach(() => scene.end());

    for (const [title, describeRoom] of roomsFor(engine)) {
      describe(`on ${title}`, () => {
        describeRoom(scene);
      });
    }
  });
}

type Room = readonly [title: string, describeRoom: (scene: StoreScene) => void];

function roomsFor({ openAgain, takeAway, damage }: StoreEngine): readonly Room[] {
  return [
    ['records', describeRecords],
    ['names', describeNames],
    ['documents', describeDocuments],
    ['lists', describeLists],
    ['pages of lists', describePages],
    ['deletion', describeDeletion],
    ['expiry', describeExpiry],
    ['the log', describeLog],
    ['pages of the log', describeLogPages],
    ['commands', describeCommands],
    ['leases', describeLeases],
    ['what is to be driven', describeUnfinished],
    ['regular work', describeWork],
    ['entries', describeEntries],
    ['upkeep', describeUpkeep],
    ['closing', describeClosing],
    ...(openAgain === undefined ? [] : [['two on the same data', describeShared] as const]),
    ...(openAgain === undefined ? [] : [['two on the same entries', describeSharedEntries] as const]),
    ...(takeAway === undefined ? [] : [['an engine that is away', describeAway] as const]),
    ...(damage === undefined ? [] : [['damage', describeDamage] as const]),
  ];
}
