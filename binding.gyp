{"includes": ["src/mmapipc.gypi"]}
