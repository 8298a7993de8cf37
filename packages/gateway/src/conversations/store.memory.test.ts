import { describeStore } from './store.contract.ts';
import { MemoryConversationStore } from './store.memory.ts';

describeStore('memory', { open: async (options) => new MemoryConversationStore(options) });
