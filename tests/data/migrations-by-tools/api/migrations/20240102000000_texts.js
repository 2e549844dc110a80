exports.up = (knex) => knex.schema.alterTable('items', (table) => table.text('text'));
exports.down = (knex) => knex.schema.alterTable('items', (table) => table.dropColumn('text'));
