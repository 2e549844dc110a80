const knex = require("knex");

const knexfile = require("../../knexfile");
const { environment } = require("./env");

module.exports = knex(knexfile[environment] || knexfile.development);
