/** How viewers of a contender connect, get ready, and come back. */
export type Dialect = {
  /** Stands in the place of the URL's query on a first connection, and on one that comes back; empty: as it is. */
  readonly query: (isReturning: boolean) => string;
  /** A frame without a line came: what to answer, and whether the viewer is ready now. */
  readonly onControl: (text: string, isReturning: boolean) => { readonly answer?: string; readonly isReady: boolean };
  /** True when a viewer is ready as soon as the socket is open. */
  readonly isReadyAtOnce: boolean;
  /** The last frame with a line before the viewer goes away: where it left off. */
  readonly remember: (lastFrame: string) => void;
};

export type DialectName = 'plain' | 'socket.io' | 'holdfast';

export function newDialect(name: DialectName): Dialect {
  switch (name) {
    case 'plain':
      return plain();
    case 'socket.io':
      return socketIo();
    case 'holdfast':
      return holdfast();
  }
}

function plain(): Dialect {
  return {
    query: () => '',
    onControl: () => ({ isReady: false }),
    isReadyAtOnce: true,
    remember: () => undefined,
  };
}

/** Engine.IO 4 and Socket.IO 5 on a bare WebSocket: `0` open, `40` connect, `2` ping, `42` event. */
function socketIo(): Dialect {
  let pid = '';
  let offset = '';
  return {
    query: () => '?EIO=4&transport=websocket',
    onControl: (text, isReturning) => {
      if (text.startsWith('0')) {
        return { answer: isReturning ? `40${JSON.stringify({ pid, offset })}` : '40', isReady: false };
      }
      if (text.startsWith('2')) return { answer: '3', isReady: false };
      if (!text.startsWith('40')) return { isReady: false };
      // When the session is recovered this is the old pid, otherwise a new one: then nothing will be replayed.
      pid = /"pid":"([^"]+)"/.exec(text)?.[1] ?? '';
      return { isReady: true };
    },
    isReadyAtOnce: false,
    // With recovery switched on, the server puts the packet's offset behind the event's own arguments.
    remember: (lastFrame) => {
      offset = /,"([^"]+)"\]$/.exec(lastFrame)?.[1] ?? '';
    },
  };
}

/** docs/protocol.md sections 2 and 5. */
function holdfast(): Dialect {
  let conversation = '';
  let epoch = '';
  let seq = '';
  return {
    query: (isReturning) => {
      if (isReturning) return `?conversation=${conversation}&after=${seq}&epoch=${epoch}`;
      return '';
    },
    onControl: (text) => {
      if (!text.startsWith('{"type":"init"')) return { isReady: false };
      conversation = /"conversationId":"([^"]+)"/.exec(text)?.[1] ?? '';
      epoch = /"epoch":"([^"]+)"/.exec(text)?.[1] ?? '';
      seq = /"seq":(\d+)/.exec(text)?.[1] ?? '';
      return { isReady: true };
    },
    isReadyAtOnce: false,
    remember: (lastFrame) => {
      seq = /^\{"seq":(\d+)/.exec(lastFrame)?.[1] ?? seq;
    },
  };
}
