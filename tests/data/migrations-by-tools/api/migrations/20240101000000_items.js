exports.up = (knex) => knex.schema.createTable('items', (table) => table.increments());
exports.down = (knex) => knex.schema.dropTable('items');
