export {};
//# sourceMappingURL=recording.js.map
