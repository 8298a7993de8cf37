#!/usr/bin/env node
import '../dist/holdfast-agent.js';
