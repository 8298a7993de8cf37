import { describeStore } from './store.contract.ts';
import { MemoryConversationStore } from './store.memory.ts';

describeStore('memory', async () => new MemoryConversationStore());
