struct store;
